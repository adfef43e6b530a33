import Bytes
import JSONDocument
import Testing

/// RFC 8259 section 8.2 lets strings hold surrogates without their other half, and JavaScript, Python and Go read them.
@Suite struct LoneSurrogateTests {
    @Test(arguments: [
        (#"\ud83d"#, "\u{FFFD}"), (#"\uDE00"#, "\u{FFFD}"), (#"\uD83d"#, "\u{FFFD}"), (#"\uDBFF"#, "\u{FFFD}"),
        (#"\udfff"#, "\u{FFFD}"), (#"\ud83dx"#, "\u{FFFD}x"), (#"a\ud83d"#, "a\u{FFFD}"),
        (#"\ude00\ud83d"#, "\u{FFFD}\u{FFFD}"), (#"\ud83d\ud83d"#, "\u{FFFD}\u{FFFD}"),
        (#"\ude00\uDE00"#, "\u{FFFD}\u{FFFD}"), (#"\ud83d\n"#, "\u{FFFD}\n"), (#"\ud83d\u0041"#, "\u{FFFD}A"),
        (#"\ud83dude00"#, "\u{FFFD}ude00"), (#"\\\ud83d"#, "\\\u{FFFD}"), (#"\\ud83d\ud83d"#, "\\ud83d\u{FFFD}"),
    ])
    func aStringKeepsItsLoneEscapes(text: String, read: String) throws {
        let source = "[\"\(text)\",{\"\(text)\":1e2}]"
        let root = try document(source).root
        #expect(root.elements.map { $0.string ?? "-" } == [read, "-"])
        #expect(root.elements.flatMap { $0.members.map { $0.name.string ?? "-" } } == [read])
        var bytes = ByteBuilder()
        root.write(into: &bytes)
        // What yyjson spells otherwise.
        let expected = source.replacing(#"\u0041"#, with: "A")
        #expect(bytes.span.text() == expected)
    }

    @Test func wholePairsBesideThemAreOneCharacter() throws {
        let root = try document(#"{"a":"\ud83d\ud83d\uDE00\uDE00\uD83D\uDE00","\u00e9":"\u0000"}"#).root
        #expect(root["a"]?.string == "\u{FFFD}\u{1F600}\u{FFFD}\u{1F600}")
        var bytes = ByteBuilder()
        root.write(into: &bytes)
        #expect(bytes.span.text() == #"{"a":"\ud83d😀\uDE00😀","é":"\u0000"}"#)
    }

    @Test func aLongTextIsTheSameButForThem() throws {
        let row = #"{"id":"a/b","description":"😀 caf\ud83d and \\ud83d, \uDE00","n":[1.0,-0,1e400]}"#
        let source = "[" + Array(repeating: row, count: 2_000).joined(separator: ",") + "]"
        var bytes = ByteBuilder()
        try document(source).root.write(into: &bytes)
        #expect(bytes.span.text() == source)
    }

    @Test(arguments: [
        #"["\ud83d",]"#, #"["\ud83d"#, #"\ud83d"#, #"["\ud83d" "\ud83d"]"#, #"["\ud83d\x"]"#, #"["\ud83d\u12"]"#,
    ])
    func whatElseIsWrongIsRefused(text: String) {
        #expect(throws: JSONError.self) { try document(text) }
    }
}
