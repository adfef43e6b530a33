import Bytes
public import Catalog

/// Which differences from a lock file are failures: the value of `--fail-on`.
public struct LockRules: Equatable, Sendable {
    /// A bound on how far a number may move: by this much or more is a failure.
    public struct Threshold: Equatable, Sendable {
        /// Which way.
        public enum Direction: Sendable {
            /// Up alone.
            case rise
            /// Down alone.
            case fall
            /// Either way.
            case either
        }

        /// Which way it may not move so far.
        public let direction: Direction

        /// How far: in percent of the locked value, or in its unit. Not negative.
        public let amount: FixedDecimal

        /// Whether `amount` is in percent.
        public let isPercent: Bool

        /// Reads `+10%`, `-1`, `5%` (either way). Nil for anything else.
        init?(_ text: Substring) {
            var rest = text
            direction = rest.hasPrefix("+") ? .rise : rest.hasPrefix("-") ? .fall : .either
            if direction != .either { rest.removeFirst() }
            isPercent = rest.hasSuffix("%")
            if isPercent { rest.removeLast() }
            let bytes = Array(rest.utf8)
            guard let first = bytes.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-"),
                let amount = FixedDecimal(parsing: bytes.span)
            else { return nil }
            self.amount = amount
        }

        /// Whether a move from one value to another is a failure. Neither is negative; the comparison is exact. Any rise
        /// from 0 is more than any percentage.
        func isExceeded(from old: FixedDecimal, to new: FixedDecimal) -> Bool {
            if new == old || (direction == .rise && new < old) || (direction == .fall && new > old) { return false }
            let distance = (new.units - old.units).magnitude
            if !isPercent { return distance >= amount.units.magnitude }
            // distance / old >= amount / 100, in units of 10^-24, multiplied out to 256 bits.
            let left = distance.multipliedFullWidth(by: Self.hundred)
            let right = old.units.magnitude.multipliedFullWidth(by: amount.units.magnitude)
            return (left.high, left.low) >= (right.high, right.low)
        }

        private static let hundred: UInt128 = 100_000_000_000_000_000_000_000_000
    }

    /// A model is no longer there.
    public private(set) var removed = false
    /// A model will be removed within so many seconds, or should have been; nil if that is no failure.
    public private(set) var expiring: Int64?
    /// A price moved; the bounds of all rules of this kind.
    public private(set) var price: [Threshold] = []
    /// The context moved.
    public private(set) var context: [Threshold] = []
    /// The canonical slug is another: the id means another version of the model.
    public private(set) var renamed = false
    /// The expiration date was set, changed or removed.
    public private(set) var expiration = false
    /// Any difference at all.
    public private(set) var any = false

    /// The rules of a check without `--fail-on`: any difference is a failure.
    public static var usual: LockRules {
        var rules = LockRules()
        rules.any = true
        return rules
    }

    private init() {}

    private static let forms =
        "a list of removed, expiring=14d, price=+10%, context=-1, renamed, expiration, any"

    /// Reads a list such as `removed,expiring=14d,price=+10%,context=-1`. `price` and `context` without a value are
    /// any change of them, `expiring` any date. Throws an error that names the rule.
    public init(_ text: String) throws(InvalidParameter) {
        let entries = FormDecoder.list(Array(text.utf8))
        for entry in entries {
            let rule = entry.span.text()
            let name = rule.prefix { $0 != "=" }
            let value = rule.dropFirst(name.count + 1)
            guard add(name, rule.contains("=") ? value : nil) else {
                throw InvalidParameter("--fail-on", mustBe: Self.forms, not: entry)
            }
        }
        guard !entries.isEmpty else { throw InvalidParameter("--fail-on", mustBe: Self.forms, not: Array(text.utf8)) }
    }

    /// False if there is no such rule.
    private mutating func add(_ name: Substring, _ value: Substring?) -> Bool {
        switch (name, value) {
        case ("removed", nil): removed = true
        case ("renamed", nil): renamed = true
        case ("expiration", nil): expiration = true
        case ("any", nil): any = true
        case ("expiring", nil): expiring = .max
        case ("expiring", let value?):
            guard let seconds = DurationText.seconds(String(value)) else { return false }
            expiring = max(expiring ?? 0, seconds)
        case ("price", let value), ("context", let value):
            // Without a value: any move.
            guard let threshold = Threshold(value ?? "0") else { return false }
            if name == "price" { price.append(threshold) } else { context.append(threshold) }
        default: return false
        }
        return true
    }
}
