import Bytes
public import Catalog

/// What differs between a lock file and the catalogue now, and whether that is a failure.
public struct LockComparison: Equatable, Sendable {
    /// What kind of difference it is.
    public enum Kind: String, Sendable {
        /// The model is no longer in the catalogue.
        case removed
        /// The canonical slug is another.
        case renamed
        /// A price is another.
        case price
        /// The context is another.
        case context
        /// The expiration date was set, changed or removed.
        case expiration
        /// The model will be removed soon, whether the lock file has the date or not.
        case expiring
    }

    /// One difference.
    public struct Difference: Equatable, Sendable {
        /// The model.
        public let id: String
        /// What kind of difference it is.
        public let kind: Kind
        /// The member that differs, such as `pricing.prompt`; empty for a removed model.
        public let member: String
        /// The locked value as text; empty if there is none.
        public let before: String
        /// The value now as text; empty if there is none.
        public let after: String
        /// Whether a rule makes it a failure.
        public let fails: Bool
    }

    /// All differences, in the order of the lock file.
    public let differences: [Difference]

    /// The number of models in the lock file.
    public let modelCount: Int

    /// The exit code of a check that could not compare: the file or the catalogue could not be read.
    public static let couldNotCompare: Int32 = 2

    /// 1 if a difference is a failure, else 0.
    public var exitCode: Int32 { differences.contains(where: \.fails) ? 1 : 0 }

    /// Compares a lock file with the catalogue, at a time in seconds since 1970. Models that the file does not have are not
    /// looked at.
    public init(_ lock: LockFile, with catalogue: Snapshot, rules: LockRules = .usual, now: Int64) {
        let judge = LockJudge(rules: rules, now: now)
        var differences: [Difference] = []
        for model in lock.models {
            guard let row = catalogue.row(ofID: Array(model.id.utf8).span) else {
                differences.append(judge.removal(of: model.id))
                continue
            }
            let bytes = catalogue.row(row)
            judge.compare(model, with: LockedModel(id: model.id, row: bytes.span), into: &differences)
        }
        self.differences = differences
        modelCount = lock.models.count
    }
}

/// Finds the differences of one model, and what the rules say of them.
private struct LockJudge {
    let rules: LockRules
    let now: Int64

    func removal(of id: String) -> LockComparison.Difference {
        LockComparison.Difference(
            id: id, kind: .removed, member: "", before: "", after: "", fails: rules.removed || rules.any)
    }

    func compare(_ old: LockedModel, with new: LockedModel, into result: inout [LockComparison.Difference]) {
        func add(_ kind: LockComparison.Kind, _ member: String, _ before: [UInt8]?, _ after: [UInt8]?, fails: Bool) {
            result.append(
                LockComparison.Difference(
                    id: old.id, kind: kind, member: member, before: Self.text(before), after: Self.text(after),
                    fails: fails || rules.any))
        }
        if Self.differs(old.canonicalSlug, new.canonicalSlug) {
            add(.renamed, "canonical_slug", old.canonicalSlug, new.canonicalSlug, fails: rules.renamed)
        }
        let names = Set(old.prices.map(\.name) + new.prices.map(\.name))
        for name in names.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            let before = old.prices.first { $0.name == name }?.value
            let after = new.prices.first { $0.name == name }?.value
            guard Self.differs(before, after) else { continue }
            let fails = Self.exceeds(rules.price, Price(before), Price(after))
            add(.price, "pricing." + JSONScanner.decoded(name.span), before, after, fails: fails)
        }
        if Self.differs(old.contextLength, new.contextLength) {
            let fails = Self.exceeds(rules.context, Price(old.contextLength), Price(new.contextLength))
            add(.context, "context_length", old.contextLength, new.contextLength, fails: fails)
        }
        if Self.differs(old.expirationDate, new.expirationDate) {
            add(.expiration, "expiration_date", old.expirationDate, new.expirationDate, fails: rules.expiration)
        }
        if let limit = rules.expiring, isExpiring(new.expirationDate, within: limit) {
            add(.expiring, "expiration_date", old.expirationDate, new.expirationDate, fails: true)
        }
    }

    /// A date that cannot be read counts as near: a false failure is better than a missed removal.
    private func isExpiring(_ date: [UInt8], within limit: Int64) -> Bool {
        guard let text = JSONScanner.string(date.span, in: 0..<date.count) else { return false }
        guard let end = Instant(text)?.seconds else { return true }
        return end <= now.addingSaturated(limit)
    }

    private static func differs(_ old: [UInt8]?, _ new: [UInt8]?) -> Bool {
        let null = Array("null".utf8)
        let (old, new) = (old ?? null, new ?? null)
        return !JSONEquality(readsPrices: true).holds(old.span, 0..<old.count, new.span, 0..<new.count)
    }

    /// A move that cannot be measured, such as from a price to that of a router, exceeds every threshold.
    private static func exceeds(_ thresholds: [LockRules.Threshold], _ old: Price, _ new: Price) -> Bool {
        thresholds.contains { threshold in
            guard case .known(let old) = old, case .known(let new) = new else { return true }
            return threshold.isExceeded(from: old, to: new)
        }
    }

    /// Null is shown as nothing, a string without its quotes.
    private static func text(_ value: [UInt8]?) -> String {
        guard let value, !value.span.equals("null") else { return "" }
        return JSONScanner.string(value.span, in: 0..<value.count) ?? value.span.text()
    }
}

/// A price or a number of tokens.
private enum Price {
    /// So much. One that is missing counts as 0.
    case known(FixedDecimal)
    /// A router's, or something that is no number.
    case unknown

    init(_ value: [UInt8]?) {
        guard let value, !value.span.equals("null") else {
            self = .known(FixedDecimal(units: 0))
            return
        }
        let text = value.span
        let isString = text.count >= 2 && text[0] == UInt8(ascii: "\"")
        let number = FixedDecimal(parsing: isString ? text.extracting(1..<text.count - 1) : text)
        if let number, number.units >= 0 { self = .known(number) } else { self = .unknown }
    }
}

extension LockComparison {
    private static let titles = ["model", "change", "before", "now", "result"]

    /// The differences as a table for a terminal, a line each, and a last line that sums them up.
    public var table: String {
        let rows = [Self.titles.map { $0.uppercased() }] + cells.map { $0.map(Self.printable) }
        let widths = Self.titles.indices.map { column in rows.reduce(0) { max($0, $1[column].count) } }
        let lines = rows.map { row in
            let padded = row.indices.map { row[$0] + String(repeating: " ", count: widths[$0] - row[$0].count) }
            return String(padded.joined(separator: "  ").reversed().drop { $0 == " " }.reversed())
        }
        return ((differences.isEmpty ? [] : lines) + [summary]).map { $0 + "\n" }.joined()
    }

    /// The differences as a Markdown table, and a line that sums them up.
    public var markdown: String {
        let rule = Self.titles.map { _ in "---" }
        let rows = [Self.titles, rule] + cells.map { $0.map(Self.escaped) }
        let lines = rows.map { "| " + $0.joined(separator: " | ") + " |\n" }
        return (differences.isEmpty ? "" : lines.joined() + "\n") + summary + "\n"
    }

    /// One line, such as `3 differences in 12 models, 1 of them a failure`.
    public var summary: String {
        let models = "\(modelCount) model\(modelCount == 1 ? "" : "s")"
        if differences.isEmpty { return "no differences in \(models)" }
        let failures = differences.count(where: \.fails)
        let all = "\(differences.count) difference\(differences.count == 1 ? "" : "s") in \(models)"
        return all + ", " + (failures == 0 ? "none of them a failure" : "\(failures) of them a failure")
    }

    private var cells: [[String]] {
        differences.map { difference in
            let change =
                switch difference.kind {
                case .removed: "removed"
                case .expiring: "expires soon"
                default: difference.member
                }
            return [difference.id, change, difference.before, difference.after, difference.fails ? "fails" : "ok"]
        }
    }

    /// Without characters that move a terminal's cursor or colour what follows.
    private static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: result.append("?")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    private static let markup = "\\`*_{}[]<>()#|!&~".unicodeScalars

    /// So that Markdown takes nothing of it for markup. Not by characters: a bar and a combining mark after it are one
    /// character, which is not a bar.
    private static func escaped(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in printable(text).unicodeScalars {
            if markup.contains(scalar) { result.append("\\") }
            result.append(scalar)
        }
        return String(result)
    }
}
