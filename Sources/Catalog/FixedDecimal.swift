/// An exact decimal number with 24 places: a whole number of units of 10^-24, below 2^126 units (about 8.5 x 10^13).
///
/// Prices and benchmark figures are compared in this form: 0.0000025 is exactly 2.5 millionths. Two values can always
/// be added without overflow.
public struct FixedDecimal: Hashable, Comparable, Sendable {
    /// The value in units of 10^-24.
    public let units: Int128

    /// The number of decimal places.
    public static let places = 24

    /// The largest and, negated, the smallest number of units.
    static let greatestUnits = (Int128(1) << 126) - 1

    /// A value of this many units of 10^-24; a value out of range is clamped.
    public init(units: Int128) {
        self.units = min(max(units, -Self.greatestUnits), Self.greatestUnits)
    }

    /// The order of the values.
    @inline(__always)
    public static func < (left: FixedDecimal, right: FixedDecimal) -> Bool { left.units < right.units }

    /// Reads a decimal number: digits with an optional sign, fraction and exponent, also `.5` and `5.`.
    ///
    /// Nil if it is spelled otherwise, or if it cannot be represented exactly: it has non-zero digits beyond 24 places,
    /// or reaches 2^126 units.
    public init?(parsing text: Span<UInt8>) {
        guard let spelling = DecimalSpelling(text) else { return nil }
        guard case .exact(let units) = spelling.scaled(by: Self.places, in: text) else { return nil }
        guard units.magnitude < Self.greatestUnits else { return nil }
        self.units = units
    }

    /// How a bound that falls between two values is rounded.
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

extension Int128 {
    /// The whole part of a decimal number, rounded down, whatever its spelling: `128000.0` and `1.28e5` are 128000. A number of
    /// 2^126 or more counts as 2^126 - 1, and its negative likewise. Nil if `text` is not spelled as a number.
    public init?(wholePartOf text: Span<UInt8>) {
        guard let spelling = DecimalSpelling(text) else { return nil }
        switch spelling.scaled(by: 0, in: text) {
        case .exact(let value), .inexact(let value): self = value
        case .tooLarge: self = spelling.isNegative ? -FixedDecimal.greatestUnits : FixedDecimal.greatestUnits
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

/// Where the parts of a decimal number are in its text: `[+-] digits [. digits] [e [+-] digits]`, with at least
/// one digit before or after the point.
struct DecimalSpelling {
    /// Whether there is a sign, plus or minus.
    let isSigned: Bool

    /// Whether that sign is a minus.
    let isNegative: Bool
    /// The digits and the point, if there is one.
    private let mantissa: Range<Int>
    /// The number of digits before the point.
    private let wholeDigits: Int
    private let exponent: Int

    /// An exponent beyond this alone makes a number zero or too large: no text is that long.
    private static let greatestExponent = 1 << 40

    /// Nil if `text` is not spelled as such a number.
    init?(_ text: Span<UInt8>) {
        var at = 0
        isNegative = text.count > 0 && text[0] == UInt8(ascii: "-")
        isSigned = isNegative || (text.count > 0 && text[0] == UInt8(ascii: "+"))
        if isSigned { at = 1 }

        let start = at
        at = Self.endOfDigits(in: text, from: at)
        wholeDigits = at - start
        var digits = wholeDigits
        if at < text.count, text[at] == UInt8(ascii: ".") {
            let fraction = at + 1
            at = Self.endOfDigits(in: text, from: fraction)
            digits += at - fraction
        }
        guard digits > 0 else { return nil }
        mantissa = start..<at

        guard at < text.count else {
            exponent = 0
            return
        }
        guard let written = Self.exponent(in: text, from: at) else { return nil }
        exponent = written
    }

    /// The exponent that `text` ends with from `start` on, or nil if there is something else.
    private static func exponent(in text: Span<UInt8>, from start: Int) -> Int? {
        guard text[start] | 0x20 == UInt8(ascii: "e"), start + 1 < text.count else { return nil }
        let isNegative = text[start + 1] == UInt8(ascii: "-")
        let first = isNegative || text[start + 1] == UInt8(ascii: "+") ? start + 2 : start + 1
        guard first < text.count, endOfDigits(in: text, from: first) == text.count else { return nil }
        var exponent = 0
        for index in first..<text.count {
            exponent = min(exponent * 10 + Int(text[index] - UInt8(ascii: "0")), greatestExponent)
        }
        return isNegative ? -exponent : exponent
    }

    private static func endOfDigits(in text: Span<UInt8>, from start: Int) -> Int {
        var index = start
        while index < text.count, text[index] &- UInt8(ascii: "0") < 10 { index += 1 }
        return index
    }

    /// A number of units of 10^-places.
    enum Scaled: Equatable {
        /// Exactly this many.
        case exact(Int128)
        /// More than `below` and less than `below + 1`.
        case inexact(below: Int128)
        /// 2^126 or more, or -2^126 or less.
        case tooLarge
    }

    /// The value in units of 10^-places; `text` is the text that this was made from.
    func scaled(by places: Int, in text: Span<UInt8>) -> Scaled {
        shortScaled(by: places, in: text) ?? longScaled(by: places, in: text)
    }

    /// The same for the usual case: the digits fit into a machine word and none is beyond the last decimal place. One
    /// 128-bit multiplication then suffices, instead of one and a division for each digit. Otherwise nil.
    private func shortScaled(by places: Int, in text: Span<UInt8>) -> Scaled? {
        guard mantissa.count <= Self.wordDigits else { return nil }
        var digits: UInt64 = 0
        for index in mantissa where text[index] != UInt8(ascii: ".") {
            digits = digits * 10 + UInt64(text[index] - UInt8(ascii: "0"))
        }
        if digits == 0 { return .exact(0) }
        // The digits after the point; the point itself takes one byte.
        let fraction = wholeDigits < mantissa.count ? mantissa.count - wholeDigits - 1 : 0
        let power = exponent + places - fraction
        guard power >= 0, power < Self.powers.count else { return nil }
        let (factor, most) = Self.powers[power]
        if digits > most { return .tooLarge }
        let units = Int128(digits) * factor
        return .exact(isNegative ? -units : units)
    }

    /// Any number with this many digits is below 2^64.
    private static let wordDigits = 19

    /// The powers of ten that are in range, and how many times each of them is.
    private static let powers: [(factor: Int128, most: UInt64)] = {
        var powers: [(factor: Int128, most: UInt64)] = []
        var factor: Int128 = 1
        while factor <= FixedDecimal.greatestUnits {
            powers.append((factor, UInt64(clamping: FixedDecimal.greatestUnits / factor)))
            factor *= 10
        }
        return powers
    }()

    /// The same for any spelling, digit by digit.
    func longScaled(by places: Int, in text: Span<UInt8>) -> Scaled {
        /// The power of ten, in units, of the digit at hand.
        var power = wholeDigits - 1 + exponent + places
        var units: Int128 = 0
        var hasRest = false
        for index in mantissa where text[index] != UInt8(ascii: ".") {
            let digit = text[index] - UInt8(ascii: "0")
            if power < 0 {
                hasRest = hasRest || digit > 0
            } else if units > 0 || digit > 0 {
                guard power <= 38, let more = Self.appending(digit, to: units) else { return .tooLarge }
                units = more
            }
            power -= 1
        }
        // The zeros that the text omits after its last digit, as in 5e3.
        while power >= 0, units > 0 {
            guard let more = Self.appending(0, to: units) else { return .tooLarge }
            units = more
            power -= 1
        }
        if hasRest { return .inexact(below: isNegative ? -units - 1 : units) }
        return .exact(isNegative ? -units : units)
    }

    /// `units` with one more digit at its end, or nil if that exceeds the limit.
    private static func appending(_ digit: UInt8, to units: Int128) -> Int128? {
        guard units <= FixedDecimal.greatestUnits / 10 else { return nil }
        let more = units * 10 + Int128(digit)
        return more <= FixedDecimal.greatestUnits ? more : nil
    }
}

/// Bounds on a value, both inclusive.
public struct DecimalRange: Equatable, Sendable {
    /// The smallest value that passes, if there is a lower bound.
    public var lower: FixedDecimal?

    /// The largest value that passes, if there is an upper bound.
    public var upper: FixedDecimal?

    /// A range with the bounds given.
    public init(lower: FixedDecimal? = nil, upper: FixedDecimal? = nil) {
        self.lower = lower
        self.upper = upper
    }

    /// Whether there is a bound at all.
    public var isBounded: Bool { lower != nil || upper != nil }

    /// Whether a row with this value passes. A row without a value passes no bound.
    @inline(__always)
    func contains(_ value: FixedDecimal?) -> Bool {
        guard let value else { return !isBounded }
        if let lower, value < lower { return false }
        if let upper, value > upper { return false }
        return true
    }
}
