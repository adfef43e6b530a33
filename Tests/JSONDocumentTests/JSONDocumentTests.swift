import Bytes
import JSONDocument
import Testing

@Suite struct JSONDocumentTests {
    @Test(arguments: [
        "", " ", "nope", "{", "[1,]", "{\"a\":1,}", "[1] 2", "[1]x", "01", "1.", ".5", "+1", "NaN", "Infinity", "'a'",
        "// no\n1", "{a:1}", "\"\\x\"", "\"\\ud80\"", "\"a\nb\"", "1\u{feff}", "\u{feff}", "\u{feff}\u{feff}1", "tru",
        "[1 2]", "{\"a\" 1}", "\"open",
    ])
    func anythingButOneValueIsRefused(text: String) {
        #expect(throws: JSONError.self) { try document(text) }
    }

    @Test(arguments: [
        [0x22, 0xFF, 0x22], Array(#"["\ud83d"#.utf8) + [0xFF] + Array("ud83d\"]".utf8),
        Array(#"["\ud83d"#.utf8) + [0xE9, 0x22, 0x5D],
        [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xE2, 0x82, 0x22],
    ])
    func invalidUTF8IsRefused(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSONDocument(parsing: bytes.span) }
    }

    @Test func errorsSayWhatAndWhere() {
        do throws(JSONError) {
            _ = try document("{\"a\":1,\"b\":x}")
            Issue.record("accepted")
        } catch {
            #expect(error.position == 11)
            #expect(!error.message.isEmpty)
            #expect(error.description.hasSuffix(", at byte 11"))
        }
    }

    @Test func aByteOrderMarkBeforeTheValueIsIgnored() throws {
        #expect(try written("\u{feff} [1]") == "[1]")
        #expect(try written("\u{feff}\"\\ud83d\"") == "\"\\ud83d\"")
        do throws(JSONError) {
            _ = try document("\u{feff}[1x")
            Issue.record("accepted")
        } catch {
            #expect(error.position == 5)
        }
    }

    @Test func deepNestingIsReadAndWritten() throws {
        let text = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
        #expect(try written(text) == text)
        let objects = String(repeating: "{\"a\":", count: 100_000) + "1" + String(repeating: "}", count: 100_000)
        #expect(try written(objects) == objects)
    }

    @Test func deepNestingThatEndsTooSoonIsRefused() {
        #expect(throws: JSONError.self) { try document(String(repeating: "[{\"a\":", count: 100_000)) }
    }

    @Test(
        arguments: [
            (" { \"b\" : 1 , \"a\" : [ true , false , null ] , \"b\" : 2 } ", #"{"b":1,"a":[true,false,null],"b":2}"#),
            ("[1.0,1e5,1E+5,-0,0.10,123456789012345678901234567890,1e-400]", nil),
            (#"["\u00e9\ud83c\udf70\/\n\u0001\u0000\"\\"]"#, "[\"é🍰/\\n\\u0001\\u0000\\\"\\\\\"]"),
            ("[]", nil), ("{}", nil), ("{\"\":{}}", nil), ("\"\"", nil), ("1e1", nil), ("null", nil),
        ] as [(String, String?)])
    func valuesAreWrittenWithOrderSpellingAndMeaningKept(text: String, compact: String?) throws {
        #expect(try written(text) == compact ?? text)
    }

    @Test func writingTheWrittenChangesNothing() throws {
        let text = try written(#" [ {"a": "\u00fc\\\/", "a" : 1.50E-3 } , [ ] ] "#)
        #expect(try written(text) == text)
    }

    private func written(_ text: String) throws -> String {
        var bytes = ByteBuilder()
        try document(text).root.write(into: &bytes)
        return bytes.span.text()
    }
}

/// Parses a text.
func document(_ text: String) throws(JSONError) -> JSONDocument {
    let bytes = Array(text.utf8)
    return try JSONDocument(parsing: bytes.span)
}
