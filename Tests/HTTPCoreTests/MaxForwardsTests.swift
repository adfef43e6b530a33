import HTTPCore
import Testing

@Suite("Max-Forwards")
struct MaxForwardsTests {
    @Test(
        "A number is one of digits alone, and has an end",
        arguments: [
            ("0", 0), ("1", 1), ("007", 7), ("9223372036854775807", Int.max), ("9223372036854775808", .max),
            ("99999999999999999999999999", .max), ("", nil), ("-1", nil), ("+1", nil), ("1, 2", nil), ("1.0", nil),
            ("x", nil),
        ] as [(String, Int?)])
    func numbers(text: String, expected: Int?) {
        let bytes = Array(text.utf8)
        let number = MaxForwards.number(bytes.span)
        #expect(number == expected)
    }
}
