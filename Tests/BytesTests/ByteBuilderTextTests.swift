import Testing

@testable import Bytes

@Suite("JSON text and hexadecimal in the byte builder")
struct ByteBuilderTextTests {
    @Test(
        "What a JSON string may not hold is escaped",
        arguments: [
            ("", ""), ("plain", "plain"), ("a\"b", #"a\"b"#), (#"a\b"#, #"a\\b"#), (#"\""#, #"\\\""#),
            ("\n", #"\u000a"#), ("\t", #"\u0009"#), ("\u{0}", #"\u0000"#), ("\u{1F}", #"\u001f"#), (" ", " "),
            ("\u{7F}", "\u{7F}"), ("/", "/"), ("é🦙\u{2028}", "é🦙\u{2028}"),
        ])
    func escapes(text: String, expected: String) {
        let bytes = Array(text.utf8)
        #expect(built { $0.append(jsonEscaped: bytes.span) } == expected)
    }

    @Test("Every single byte is either itself or a short escape that stands for it")
    func everyByte() throws {
        for byte in UInt8.min...UInt8.max {
            var out = ByteBuilder(capacity: 1)
            let one = [byte]
            out.append(jsonEscaped: one.span)
            let written = out.span.copied()
            switch byte {
            case 0x22, 0x5C: #expect(written == [0x5C, byte])
            case 0..<0x20:
                #expect(written.count == 6)
                let digits = String(decoding: written.dropFirst(2), as: UTF8.self)
                #expect(Array(written.prefix(2)) == Array("\\u".utf8))
                #expect(UInt8(digits, radix: 16) == byte)
            default: #expect(written == one)
            }
        }
    }

    @Test(
        "Sixteen hexadecimal digits stand for a number",
        arguments: [
            (0, "0000000000000000"), (1, "0000000000000001"), (0xABCDEF, "0000000000abcdef"),
            (0x0123_4567_89AB_CDEF, "0123456789abcdef"), (UInt64.max, "ffffffffffffffff"),
            (1 << 63, "8000000000000000"),
        ] as [(UInt64, String)])
    func hex(number: UInt64, expected: String) {
        #expect(built { $0.append(hex: number) } == expected)
    }

    @Test(
        "A length in hexadecimal has no leading zeros",
        arguments: [
            0, 1, 9, 10, 15, 16, 17, 255, 256, 4_095, 4_096, 65_535, 65_536, 1 << 20, (1 << 32) - 1, 1 << 32,
            1 << 60, Int.max,
        ])
    func hexLength(length: Int) {
        #expect(built { $0.append(hexLength: length) } == String(length, radix: 16))
    }
}
