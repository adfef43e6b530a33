/// A decimal number of any length as a list of digits, with the arithmetic of a school book: slow, and plainly right.
public struct PlainDecimal: Comparable, CustomStringConvertible, Sendable {
    private let isNegative: Bool
    /// Digits without needless zeros: nothing at the front of `whole`, nothing at the end of `fraction`.
    private let whole: [Int]
    private let fraction: [Int]

    private init(isNegative: Bool, whole: [Int], fraction: [Int]) {
        self.whole = Array(whole.drop { $0 == 0 })
        self.fraction = Array(fraction.reversed().drop { $0 == 0 }.reversed())
        self.isNegative = isNegative && !(self.whole.isEmpty && self.fraction.isEmpty)
    }

    /// Reads `-12.5e-3` and the like, or returns nil.
    public init?(_ text: String) {
        let parts = text.lowercased().split(separator: "e", omittingEmptySubsequences: false)
        guard let mantissa = parts.first, parts.count <= 2 else { return nil }
        guard let exponent = parts.count == 2 ? Int(parts[1]) : 0 else { return nil }
        let halves = mantissa.drop { $0 == "-" }.split(separator: ".", omittingEmptySubsequences: false)
        let digits = halves.map { half in half.compactMap(\.wholeNumberValue) }
        guard let whole = digits.first, halves.count <= 2 else { return nil }
        guard zip(halves, digits).allSatisfy({ $0.count == $1.count }) else { return nil }
        let unmoved = PlainDecimal(
            isNegative: mantissa.hasPrefix("-"), whole: whole, fraction: digits.count == 2 ? digits[1] : [])
        self = unmoved.movingPoint(by: exponent)
    }

    /// The number times 10^`places`.
    public func movingPoint(by places: Int) -> PlainDecimal {
        var (whole, fraction) = (whole, fraction)
        for _ in 0..<abs(places) {
            if places > 0 {
                whole.append(fraction.isEmpty ? 0 : fraction.removeFirst())
            } else {
                fraction.insert(whole.isEmpty ? 0 : whole.removeLast(), at: 0)
            }
        }
        return PlainDecimal(isNegative: isNegative, whole: whole, fraction: fraction)
    }

    /// Whether the number is less than zero.
    public var isBelowZero: Bool { isNegative }

    /// The digits, without an exponent.
    public var description: String {
        let sign = isNegative ? "-" : ""
        let left = whole.isEmpty ? "0" : whole.map(String.init).joined()
        let right = fraction.isEmpty ? "" : "." + fraction.map(String.init).joined()
        return sign + left + right
    }

    /// The order of the values.
    public static func < (left: PlainDecimal, right: PlainDecimal) -> Bool {
        if left.isNegative != right.isNegative { return left.isNegative }
        return left.isNegative ? smaller(right, left) : smaller(left, right)
    }

    private static func smaller(_ left: PlainDecimal, _ right: PlainDecimal) -> Bool {
        if left.whole.count != right.whole.count { return left.whole.count < right.whole.count }
        if left.whole != right.whole { return left.whole.lexicographicallyPrecedes(right.whole) }
        return left.fraction.lexicographicallyPrecedes(right.fraction)
    }

    /// The sum of two numbers that are not negative.
    public static func + (left: PlainDecimal, right: PlainDecimal) -> PlainDecimal {
        let places = max(left.fraction.count, right.fraction.count)
        let size = max(left.whole.count, right.whole.count) + places
        func padded(_ number: PlainDecimal) -> [Int] {
            let tail = number.fraction + Array(repeating: 0, count: places - number.fraction.count)
            let digits = number.whole + tail
            return Array(repeating: 0, count: size - digits.count) + digits
        }
        var carry = 0
        var sum: [Int] = []
        for (a, b) in zip(padded(left), padded(right)).reversed() {
            sum.insert((a + b + carry) % 10, at: 0)
            carry = (a + b + carry) / 10
        }
        sum.insert(carry, at: 0)
        return PlainDecimal(
            isNegative: false, whole: Array(sum.dropLast(places)), fraction: Array(sum.suffix(places)))
    }
}
