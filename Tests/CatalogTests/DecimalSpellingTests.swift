import Bytes
import TestSupport
import Testing

@testable import Catalog

@Suite struct DecimalSpellingTests {
    @Test func `short numbers have the value that they have digit by digit`() throws {
        var generator = SeededGenerator(seed: 5)
        var (short, wrong) = (0, [String]())
        for _ in 0..<20_000 {
            let text = Self.spelling(using: &generator)
            let bytes = Array(text.utf8)
            let made = DecimalSpelling(bytes.span)
            let spelling = try #require(made, "\(text)")
            for places in [0, 6, 18, 24] {
                if spelling.scaled(by: places, in: bytes.span) != spelling.longScaled(by: places, in: bytes.span) {
                    wrong.append("\(text), \(places)")
                }
            }
            if bytes.count < 20 { short += 1 }
        }
        #expect(wrong.isEmpty, "\(wrong.prefix(5))")
        #expect(short > 5_000 && short < 20_000)
    }

    @Test(arguments: ["9223372036854775807", "9999999999999999999", "18446744073709551616", "0.1234567890123456789"])
    func `numbers about as long as a machine word are read whole`(text: String) throws {
        let bytes = Array(text.utf8)
        let made = DecimalSpelling(bytes.span)
        let spelling = try #require(made)
        let digits = try #require(Int128(text.filter { $0 != "." }))
        let places = text.contains(".") ? 19 : 0
        let isRight = spelling.scaled(by: places, in: bytes.span) == .exact(digits)
        #expect(isRight)
    }

    /// A number of up to 30 digits with or without a sign, a point and an exponent.
    private static func spelling(using generator: inout SeededGenerator) -> String {
        let digits = (0..<Int.random(in: 1...30, using: &generator)).map { _ in
            Bool.random(using: &generator) ? "0" : String(Int.random(in: 0...9, using: &generator))
        }
        var text = digits.joined()
        if Bool.random(using: &generator) {
            let point = Int.random(in: 0...digits.count, using: &generator)
            text.insert(".", at: text.index(text.startIndex, offsetBy: point))
        }
        if Bool.random(using: &generator) { text += "e\(Int.random(in: -45...45, using: &generator))" }
        return (["", "-", "+"].randomElement(using: &generator) ?? "") + text
    }
}
