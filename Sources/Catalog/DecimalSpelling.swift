/// Where the parts of a decimal number stand in its text: `[+-] digits [. digits] [e [+-] digits]`, with at least one digit
/// before or after the point.
struct DecimalSpelling {
    /// Whether a sign was written, be it plus or minus.
    let isSigned: Bool

    private let isNegative: Bool
    /// The digits and the point, if there is one.
    private let mantissa: Range<Int>
    /// The number of digits before the point.
    private let wholeDigits: Int
    private let exponent: Int

    /// An exponent beyond this decides alone whether a number is nothing or too large: no text is that long.
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

    /// The exponent that `text` ends with from `start` on, or nil if something else stands there.
    private static func exponent(in text: Span<UInt8>, from start: Int) -> Int? {
        guard asciiLowercase(text[start]) == UInt8(ascii: "e"), start + 1 < text.count else { return nil }
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

    private static func asciiLowercase(_ byte: UInt8) -> UInt8 { byte | 0x20 }

    /// A number of units of 10^-places.
    enum Scaled: Equatable {
        /// Just so many.
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

    /// The same where the digits fit into a machine word and none of them falls behind the last place, as is nearly always
    /// so: one multiplication of 128 bits then does, instead of one and a division for each digit. Else nil.
    private func shortScaled(by places: Int, in text: Span<UInt8>) -> Scaled? {
        guard mantissa.count <= Self.wordDigits else { return nil }
        var digits: UInt64 = 0
        for index in mantissa where text[index] != UInt8(ascii: ".") {
            digits = digits * 10 + UInt64(text[index] - UInt8(ascii: "0"))
        }
        if digits == 0 { return .exact(0) }
        // What stands behind the point, which takes a place itself.
        let fraction = wholeDigits < mantissa.count ? mantissa.count - wholeDigits - 1 : 0
        let power = exponent + places - fraction
        guard power >= 0, power < Self.powers.count else { return nil }
        let (factor, most) = Self.powers[power]
        if digits > most { return .tooLarge }
        let units = Int128(digits) * factor
        return .exact(isNegative ? -units : units)
    }

    /// So many digits are below 2^64, whatever they are.
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
        // What the text left out behind its last digit, as in 5e3.
        while power >= 0, units > 0 {
            guard let more = Self.appending(0, to: units) else { return .tooLarge }
            units = more
            power -= 1
        }
        if hasRest { return .inexact(below: isNegative ? -units - 1 : units) }
        return .exact(isNegative ? -units : units)
    }

    /// `units` with one more digit at its end, or nil if that is more than there may be.
    private static func appending(_ digit: UInt8, to units: Int128) -> Int128? {
        guard units <= FixedDecimal.greatestUnits / 10 else { return nil }
        let more = units * 10 + Int128(digit)
        return more <= FixedDecimal.greatestUnits ? more : nil
    }
}
