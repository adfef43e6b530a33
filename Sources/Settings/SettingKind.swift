internal import Bytes
internal import Catalog
internal import FoundationEssentials
internal import TOML

/// A type of value: how it is read, how it is written, and the message for a bad value.
package struct SettingKind<Value: Sendable>: Sendable {
    /// What a good value looks like, to follow the word "expected".
    package let expected: String

    /// The value that was meant, or nil for a bad one.
    package let read: @Sendable (SettingValue) -> Value?

    /// The value as TOML. Secrets are masked.
    package let show: @Sendable (Value) -> String

    /// A bad value as it may be shown.
    var conceal: @Sendable (SettingValue) -> String = { $0.description }

    /// What is wrong with a bad value, where that says more than what is expected.
    var explain: @Sendable (SettingValue) -> String? = { _ in nil }
}

extension SettingKind {
    /// A type that is read from text alone.
    package static func text(
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

    /// The same, but an empty text means no value.
    package static func optional<Wrapped>(_ kind: SettingKind<Wrapped>) -> Self where Value == Wrapped? {
        Self(
            expected: kind.expected + ", or nothing",
            read: { value in value == .text("") ? .some(nil) : kind.read(value).map(Optional.some) },
            show: { value in value.map(kind.show) ?? TOMLText.quoted("") }, conceal: kind.conceal)
    }
}

extension SettingKind<Duration> {
    package static func duration(_ range: ClosedRange<Duration>) -> Self {
        let bounds = "\(DurationText.show(range.lowerBound)) to \(DurationText.show(range.upperBound))"
        return .text(
            "a duration from \(bounds), such as 500ms, 10s, 5m, 1h or 2d",
            { text in DurationText.parse(text).flatMap { range.contains($0) ? $0 : nil } }, show: DurationText.show)
    }
}

extension SettingKind<Int> {
    /// A whole number; a text of digits is accepted, because the environment has only text.
    package static func integer(_ range: ClosedRange<Int>) -> Self {
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
    package static let workers = {
        let number = integer(Settings.workerRange)
        return Self(
            expected: number.expected + ", or \"auto\"",
            read: { $0 == .text("auto") ? Settings.cores : number.read($0) }, show: number.show)
    }()

    /// A number of bytes.
    package static func size(_ range: ClosedRange<Int>) -> Self {
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
    package static let boolean = Self(
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
    package static var choice: Self {
        let names = Value.allCases.map { TOMLText.quoted($0.rawValue) }
        let expected = names.dropLast().joined(separator: ", ") + " or " + (names.last ?? "")
        return .text(expected, { Value(rawValue: $0) }, show: \.rawValue)
    }
}

// The types that name something: files, hosts, query parameters.

extension SettingKind<String> {
    /// The base URL of an API.
    package static let baseURL = {
        var kind = Self.text(
            "a URL such as https://host/api/v1: http or https, with no user name, query or fragment",
            URLText.base, show: { $0 })
        kind.conceal = concealingUserinfo
        return kind
    }()

    /// The URL of a proxy, whose user name and password are never shown.
    static let proxyURL = {
        var kind = Self.text(
            "a URL such as http://host:3128 with scheme http, https, socks4, socks4a, socks5 or socks5h", URLText.proxy,
            show: URLText.masked)
        kind.conceal = concealingUserinfo
        return kind
    }()

    /// A file that is there and can be read.
    static let readableFile = Self.text(
        "the path of a readable file",
        { path in
            var isDirectory = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            return exists && !isDirectory && FileManager.default.isReadableFile(atPath: path) ? path : nil
        }, show: { $0 })

    /// A directory, which may not exist yet. A text that a shell would expand is treated as a mistake.
    package static let directory = Self.text(
        "the path of a directory that does not begin with ~", { $0.isEmpty || $0.hasPrefix("~") ? nil : $0 },
        show: { $0 })

    private static let concealingUserinfo: @Sendable (SettingValue) -> String = { concealed($0) }

    private static func concealed(_ value: SettingValue) -> String {
        switch value {
        case .text(let text): TOMLText.quoted(URLText.masked(text))
        case .list(let values): "[" + values.map(concealed).joined(separator: ", ") + "]"
        case .other(let text): URLText.masked(text)
        case .integer, .boolean: value.description
        }
    }
}

/// The texts of a list: TOML's own, or separated by commas where there is only text.
func items(of value: SettingValue) -> [String]? {
    switch value {
    case .text(let text):
        return text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    case .list(let values):
        var texts: [String] = []
        for value in values {
            guard case .text(let text) = value else { return nil }
            texts.append(text)
        }
        return texts
    default: return nil
    }
}

extension SettingKind<[ListenAddress]> {
    /// At least one address, none twice.
    package static let addresses = Self(
        expected:
            "HOST:PORT, [IPV6]:PORT or unix:PATH, or a list without duplicates (localhost is 127.0.0.1 and [::1])",
        read: { value in
            guard let texts = items(of: value), !texts.isEmpty else { return nil }
            let addresses = texts.compactMap { ListenAddress($0) }
            let all = addresses.flatMap(\.each)
            return addresses.count == texts.count && Set(all).count == all.count ? addresses : nil
        }, show: { TOMLText.list($0.map(\.description)) })

    /// The same, or none.
    package static let addressesOrNone = Self(
        expected: addresses.expected + ", or nothing",
        read: { value in value == .text("") || items(of: value)?.isEmpty == true ? [] : addresses.read(value) },
        show: addresses.show)
}

extension SettingKind<[String]> {
    /// Names of query parameters that are otherwise answered here.
    static let filterNames = {
        let known = ParameterTable.all.filter(\.canBeLeftToUpstream).map(\.name)
        return Self(
            expected: "a list of names from: " + known.joined(separator: ", "),
            read: { value in
                guard let names = value == .text("") ? [] : items(of: value) else { return nil }
                return names.allSatisfy(known.contains) && Set(names).count == names.count ? names : nil
            }, show: TOMLText.list)
    }()

    /// Names as `Host` has them, without ports; an IPv6 address in brackets. `*` alone is any.
    static let hostNames = Self(
        expected: "a list of host names without ports, such as \"larder.lan\" or \"[::1]\", or \"*\"",
        read: { value in
            guard let names = value == .text("") ? [] : items(of: value) else { return nil }
            if names == ["*"] { return names }
            return names.allSatisfy { HostText.host($0) != nil } && Set(names).count == names.count ? names : nil
        }, show: TOMLText.list)
}
