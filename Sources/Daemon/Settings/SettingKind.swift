/// A type of value: how it is read, how it is written, and what to tell whoever got it wrong.
struct SettingKind<Value: Sendable>: Sendable {
    /// What a good value looks like, to follow the word "expected".
    let expected: String

    /// The value that was meant, or nil for a bad one.
    let read: @Sendable (SettingValue) -> Value?

    /// The value as TOML. Secrets are masked.
    let show: @Sendable (Value) -> String

    /// A bad value as it may be shown.
    var conceal: @Sendable (SettingValue) -> String = { $0.description }
}

extension SettingKind {
    /// A type that is read from text alone.
    static func text(
        _ expected: String, _ parse: @escaping @Sendable (String) -> Value?,
        show: @escaping @Sendable (Value) -> String
    ) -> Self {
        Self(
            expected: expected,
            read: { value in
                guard case .text(let text) = value else { return nil }
                return parse(text)
            }, show: { TOMLText.quoted(show($0)) })
    }

    /// The same, where an empty text stands for no value.
    static func optional<Wrapped>(_ kind: SettingKind<Wrapped>) -> Self where Value == Wrapped? {
        Self(
            expected: kind.expected + ", or nothing",
            read: { value in value == .text("") ? .some(nil) : kind.read(value).map(Optional.some) },
            show: { value in value.map(kind.show) ?? TOMLText.quoted("") }, conceal: kind.conceal)
    }
}

extension SettingKind<Duration> {
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        let bounds = "\(DurationText.show(range.lowerBound)) to \(DurationText.show(range.upperBound))"
        return .text(
            "a duration from \(bounds), such as 500ms, 10s, 5m, 1h or 2d",
            { text in DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil } }, show: DurationText.show)
    }
}

extension SettingKind<Int> {
    /// A whole number; a text of digits will do, as the environment has nothing else.
    static func integer(_ range: ClosedRange<Int>) -> Self {
        Self(
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            read: { value in
                let number: Int? =
                    switch value {
                    case .integer(let number): number
                    case .text(let text): Int(text)
                    default: nil
                    }
                return number.flatMap { range.contains($0) ? $0 : nil }
            }, show: { String($0) })
    }

    /// A number of workers, or `auto` for one a core.
    static let workers = {
        let number = integer(Settings.workerRange)
        return Self(
            expected: number.expected + ", or \"auto\"",
            read: { $0 == .text("auto") ? Settings.cores : number.read($0) }, show: number.show)
    }()

    /// A number of bytes.
    static func size(_ range: ClosedRange<Int>) -> Self {
        let bounds = "\(SizeText.show(range.lowerBound)) to \(SizeText.show(range.upperBound))"
        return Self(
            expected: "a size from \(bounds), such as 512B, 64KiB, 256MiB or 1GiB",
            read: { value in
                let bytes: Int? =
                    switch value {
                    case .integer(let number): number
                    case .text(let text): SizeText.parse(text)
                    default: nil
                    }
                return bytes.flatMap { range.contains($0) ? $0 : nil }
            }, show: { TOMLText.quoted(SizeText.show($0)) })
    }
}

extension SettingKind<Bool> {
    static let boolean = Self(
        expected: "true or false",
        read: { value in
            switch value {
            case .boolean(let truth): truth
            case .text("true"): true
            case .text("false"): false
            default: nil
            }
        }, show: { String($0) })
}

extension SettingKind where Value: CaseIterable & RawRepresentable<String> {
    static var choice: Self {
        let names = Value.allCases.map { TOMLText.quoted($0.rawValue) }
        let expected = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        return .text(expected, { Value(rawValue: $0) }, show: \.rawValue)
    }
}
