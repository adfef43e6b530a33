import Bytes
import Testing

@Suite("Percent-encoding")
struct PercentEncodingTests {
    @Test(
        "Escapes are put back, and what is none stays",
        arguments: [
            ("", ""), ("a/b", "a/b"), ("a%2Fb", "a/b"), ("a%2fb", "a/b"), ("%41", "A"), ("%", "%"), ("%4", "%4"),
            ("%4g", "%4g"), ("%g4", "%g4"), ("a%", "a%"), ("%%41", "%A"), ("%252F", "%2F"), ("%C3%A9", "é"),
            ("a+b", "a+b"), ("%41%42%", "AB%"), ("%+1", "%+1"),
        ])
    func decodes(text: String, expected: String) {
        let bytes = Array(text.utf8)
        #expect(String(decoding: PercentEncoding.decoded(bytes.span), as: UTF8.self) == expected)
    }

    @Test(
        "A segment keeps what may stand in one, and nothing else",
        arguments: [
            ("", ""), ("gpt-4o:free", "gpt-4o:free"), ("a/b", "a%2Fb"), ("a b", "a%20b"), ("a%b", "a%25b"),
            ("?#[]", "%3F%23%5B%5D"), ("é", "%C3%A9"), ("~x", "~x"), ("-._~!$&'()*+,;=:@", "-._~!$&'()*+,;=:@"),
            ("\r\n", "%0D%0A"), ("\"<>\\^`{|}", "%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ])
    func encodes(text: String, expected: String) {
        #expect(PercentEncoding.encodedSegment(Array(text.utf8)) == expected)
    }

    @Test(
        "A text keeps letters, digits and what is named, and has one spelling",
        arguments: [
            ("", "", ""), ("aZ09-._~", "", "aZ09-._~"), ("a/b:c", "", "a%2Fb%3Ac"), ("a/b:c", "/:", "a/b:c"),
            ("a b+c&d=e", "", "a%20b%2Bc%26d%3De"), ("\u{0}\u{7f}é", "/", "%00%7F%C3%A9"),
        ] as [(String, StaticString, String)])
    func encodesTexts(text: String, kept: StaticString, expected: String) {
        #expect(PercentEncoding.encoded(text.utf8, keeping: kept) == expected)
        var builder = ByteBuilder()
        builder.append(percentEncoded: 0xAB)
        #expect(builder.span.text() == "%AB")
    }

    @Test("Every byte comes back from its escape")
    func everyByte() {
        let bytes = Array(UInt8.min...UInt8.max)
        let encoded = Array(PercentEncoding.encodedSegment(bytes).utf8)
        #expect(PercentEncoding.decoded(encoded.span) == bytes)
        let isPrintable = encoded.allSatisfy { (0x21...0x7E).contains($0) }
        #expect(isPrintable)
    }
}
