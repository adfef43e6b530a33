import Bytes
import Catalog
import TestSupport
import Testing

@Suite struct FixedDecimalTests {
    /// The zeros of a whole number of 10^-24 units.
    private static let zeros = "000000000000000000000000"

    // Units are texts here: an argument of 128 bits, passed to an asynchronous function, crashes Swift 6.3.1.
    private static let exact: [(text: String, units: String)] = [
        ("0", "0"), ("-0", "0"), ("1", "1" + zeros), ("-1", "-1" + zeros), ("+1", "1" + zeros),
        ("1.5", "1500000000000000000000000"), (".5", "500000000000000000000000"),
        ("5.", "5" + zeros),
        ("0.0000025", "2500000000000000000"), ("2.5e-6", "2500000000000000000"),
        ("25E-7", "2500000000000000000"),
        ("0.000000000000000000000001", "1"), ("1e-24", "1"), ("10e-25", "1"), ("0.0000000000000000000000010000", "1"),
        ("1e+2", "100" + zeros), ("0e999999999999999999999", "0"), ("0.000e-99999999999999999999", "0"),
        ("007", "7" + zeros),
        ("80000000000000", "80000000000000" + zeros),
    ]

    @Test(arguments: exact)
    func numbersAreReadExactly(text: String, units: String) {
        #expect(decimal(text)?.units.description == units)
    }

    @Test(arguments: [
        "", ".", "-", "+", "e5", ".e5", "1e", "1e+", "1e5.0", "1.2.3", "--1", "0x10", "1_000", " 1", "1 ", "NaN",
        "Infinity", "1,5", "１",
    ])
    func otherSpellingsAreNoNumbers(text: String) {
        #expect(decimal(text) == nil)
    }

    @Test(arguments: [
        "1e-25", "0.0000000000000000000000001", "1.0000000000000000000000001", "90000000000000", "1e14", "1e400",
        "-1e400", "1e99999999999999999999999",
    ])
    func whatCannotBeHeldExactlyHasNoValue(text: String) {
        #expect(decimal(text) == nil)
    }

    private static let bounds: [(text: String, shift: Int, up: String, down: String)] = [
        ("2.5", 0, "2500000000000000000000000", "2500000000000000000000000"),
        ("2.5", 6, "2500000000000000000", "2500000000000000000"),
        ("1e-25", 0, "1", "0"),
        ("1e-999999999999", 0, "1", "0"),
        ("0.0000000000000000001", 6, "1", "0"),
        ("0.000000000000000001", 6, "1", "1"),
        ("1e-18", 6, "1", "1"),
        ("3.0000000000000000009", 6, "3000000000000000001", "3000000000000000000"),
    ]

    @Test(arguments: bounds)
    func boundsAreRoundedSoThatTheyLetTheSameThrough(text: String, shift: Int, up: String, down: String) {
        #expect(bound(text, shift: shift, .up)?.units.description == up)
        #expect(bound(text, shift: shift, .down)?.units.description == down)
    }

    @Test(arguments: ["1e14", "1e400", "1e99999999999999999999999", "170141183460469231731687303715884105727"])
    func hugeBoundsLieAboveEveryValue(text: String) throws {
        let greatest = try #require(decimal("85070591730234.615865843651857942052862"))
        for rounding in [FixedDecimal.Rounding.up, .down] {
            #expect(try #require(bound(text, rounding)) > greatest)
        }
    }

    @Test(arguments: ["-1", "+1", "-0", "abc", "", "1e"])
    func boundsHaveNoSign(text: String) {
        #expect(bound(text, .up) == nil)
    }
    @Test(arguments: 1...9)
    func numbersOfAnyLengthAreReadOrRefused(first: Int) {
        for count in 14...45 {
            let text = "\(first)" + String(repeating: "4", count: count)
            #expect(decimal(text) == nil)
            let above = bound(text, .up)
            #expect(above == bound("1e300", .down))
            guard count > 18 else { continue }
            guard case .invalid = plan("offset=\(text)") else { return #expect(Bool(false), "\(text)") }
        }
    }

    @Test func randomNumbersAreReadAsTheReferenceReadsThem() throws {
        let limit = try #require(PlainDecimal("85070591730234615865843651857942052863"))
        var random = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            let text = Self.number(&random)
            let expected = try #require(PlainDecimal(text)).movingPoint(by: 24)
            let whole = expected.description.prefix { $0 != "." }
            let units = expected < limit && whole.count == expected.description.count ? String(whole) : nil
            let exact = decimal(text)?.units.description
            #expect(exact == units, "\(text)")
            let below = bound(text, .down)?.units.description
            #expect(below == String(whole) || expected >= limit, "\(text)")
        }
    }

    private static func number(_ random: inout SeededGenerator) -> String {
        func digits(_ choices: [Character], _ counts: ClosedRange<Int>) -> String {
            String(
                (0..<Int.random(in: counts, using: &random)).compactMap { _ in choices.randomElement(using: &random) })
        }
        let whole = digits(Array("0123456789"), 1...20)
        let fraction = digits(Array("0019"), 0...20)
        let exponent = Int.random(in: -24...6, using: &random)
        return whole + (fraction.isEmpty ? "" : "." + fraction) + (exponent == 0 ? "" : "e\(exponent)")
    }
}
