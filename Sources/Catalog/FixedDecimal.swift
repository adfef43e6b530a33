/// An exact decimal number with 24 places: a whole number of units of 10^-24, below 2^126 units (about 8.5 x 10^13).
///
/// Prices and benchmark figures are compared in this form: 0.0000025 is 2.5 millionths and nothing near it. Two values can
/// always be added without overflow.
public struct FixedDecimal: Hashable, Comparable, Sendable {
    /// The value in units of 10^-24.
    public let units: Int128

    /// The number of decimal places.
    public static let places = 24

    /// The largest and, negated, the smallest number of units.
    static let greatestUnits = (Int128(1) << 126) - 1

    /// A value of so many units of 10^-24; what is out of range becomes the nearest value in range.
    public init(units: Int128) {
        self.units = min(max(units, -Self.greatestUnits), Self.greatestUnits)
    }

    /// The order of the values.
    @inline(__always)
    public static func < (left: FixedDecimal, right: FixedDecimal) -> Bool { left.units < right.units }

    /// Reads a decimal number: digits with an optional sign, fraction and exponent, also `.5` and `5.`.
    ///
    /// Nil if it is spelled otherwise, or if it cannot be held exactly: it has more than 24 places that are not zeros, or
    /// reaches 2^126 units.
    public init?(parsing text: Span<UInt8>) {
        guard let spelling = DecimalSpelling(text) else { return nil }
        guard case .exact(let units) = spelling.scaled(by: Self.places, in: text) else { return nil }
        guard units.magnitude < Self.greatestUnits else { return nil }
        self.units = units
    }

    /// Which way a bound goes that falls between two values.
    public enum Rounding: Sendable {
        /// To the next value above: a lower bound lets the same values through as before.
        case up
        /// To the next value below: an upper bound lets the same values through as before.
        case down
    }

    /// Reads a bound of a query, to be compared with values that are smaller by 10^`shift`: with `shift` 6, a bound in
    /// dollars per million tokens becomes one in dollars per token.
    ///
    /// Every `FixedDecimal` lies on the same side of the result as of the number that was written, however long or large
    /// that is. Nil only if it is not spelled as a number of 0 or more, without a sign.
    public init?(bound text: Span<UInt8>, shift: Int = 0, rounding: Rounding) {
        guard let spelling = DecimalSpelling(text), !spelling.isSigned else { return nil }
        switch spelling.scaled(by: Self.places - shift, in: text) {
        case .exact(let units): self.init(units: units)
        case .inexact(let below): self.init(units: rounding == .up ? below + 1 : below)
        case .tooLarge: self.init(units: Self.greatestUnits)
        }
    }
}

/// A number of 0 or more that is mathematically an integer.
enum WholeNumber: Equatable {
    /// It is this one.
    case number(Int64)
    /// It exceeds 64 bits.
    case tooLarge

    /// Reads it, whatever its spelling (`10`, `1e1`, `10.0`). Nil for anything else, a sign included.
    init?(_ text: Span<UInt8>) {
        guard let spelling = DecimalSpelling(text), !spelling.isSigned else { return nil }
        switch spelling.scaled(by: 0, in: text) {
        case .exact(let value): self = Int64(exactly: value).map { .number($0) } ?? .tooLarge
        case .tooLarge: self = .tooLarge
        case .inexact: return nil
        }
    }
}
