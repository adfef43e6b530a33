import Bytes
import Catalog
import CatalogJSON
import HistoryReference
import JSONDocument
import TestSupport
import Testing

@testable import History

/// The scanner and the grammar check, against the parser.
@Suite struct JSONScannerTests {
    private func members(_ text: String) -> [String] {
        let bytes = Array(text.utf8)
        let span = bytes.span
        return JSONScanner.members(span, in: JSONScanner.value(of: span)).map { member in
            span.extracting(member.name).text() + "=" + span.extracting(member.value).text()
        }
    }

    private static let objects: [(text: String, members: [String])] = [
        ("{}", []), (" { } ", []), ("[]", []), ("", []), ("1", []), (#"{"a":1}"#, ["a=1"]),
        (" {\n\"a\" : [ 1 , 2 ] ,\t\"b\" : \"x\" }", ["a=[ 1 , 2 ]", "b=\"x\""]),
        (#"{"a":"}","b":"\"{","c":{"d":"]"}}"#, [#"a="}""#, #"b="\"{""#, #"c={"d":"]"}"#]),
        (#"{"a\"b":1,"c\\":2}"#, [#"a\"b=1"#, #"c\\=2"#]), (#"{"a":1,"b":2,"a":3}"#, ["b=2", "a=3"]),
        (#"{"a":true,"b":null,"c":-1.5e+3,"d":{}}"#, ["a=true", "b=null", "c=-1.5e+3", "d={}"]),
    ]

    @Test(arguments: objects)
    func membersAreFound(text: String, expected: [String]) {
        #expect(members(text) == expected)
    }

    private static let strings: [(text: String, meaning: String)] = [
        (#""""#, ""), (#""a""#, "a"), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u00e9\u20AC""#, "é€"),
        (#""\ud83d\ude00""#, "😀"), (#""x\ud83dy""#, "x\u{FFFD}y"), (#""é""#, "é"), (#""\u12""#, "u12"),
    ]

    @Test(arguments: strings)
    func stringsAreRead(text: String, meaning: String) {
        let bytes = Array(text.utf8)
        #expect(JSONScanner.string(bytes.span, in: 0..<bytes.count) == meaning)
    }

    /// The value, by scanning.
    private func scanned(_ text: Span<UInt8>, _ place: Range<Int>) -> PlainValue {
        switch text[place.lowerBound] {
        case UInt8(ascii: "{"):
            var members: [String: PlainValue] = [:]
            for member in JSONScanner.members(text, in: place) {
                members[JSONScanner.decoded(text.extracting(member.name))] = scanned(text, member.value)
            }
            return .object(members)
        case UInt8(ascii: "["): return .array(JSONScanner.elements(text, in: place).map { scanned(text, $0) })
        case UInt8(ascii: "\""): return .string(JSONScanner.string(text, in: place) ?? "")
        default:
            let word = text.extracting(place).text()
            return word == "null" ? .null : word == "true" || word == "false" ? .bool(word == "true") : .number(word)
        }
    }

    @Test func theSampleIsScannedAsItIsParsed() throws {
        let bytes = SampleCatalogue.json
        #expect(scanned(bytes.span, JSONScanner.value(of: bytes.span)) == (try PlainValue(parsing: bytes)))
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"), arguments: RealLists.all.map(\.name))
    func realListsAreScannedAsTheyAreParsed(name: String) throws {
        let bytes = try #require(RealLists.all.first { $0.name == name }?.body)
        #expect(scanned(bytes.span, JSONScanner.value(of: bytes.span)) == (try PlainValue(parsing: bytes)))
        #expect(throws: Never.self) { try JSONGrammar.check(bytes.span) }
    }

    /// A short JSON text with some bytes changed.
    private func damaged(_ random: inout SeededGenerator) -> [UInt8] {
        var editor = CatalogEditor(seed: UInt64.random(in: 0...99, using: &random), count: 1)
        for _ in 0..<2 { editor.edit() }
        var bytes = Array(editor.rows[0].shuffledJSON(&random).utf8)
        let alphabet = Array("{}[]\",:\\ue0-1.tn \u{1}é".utf8)
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let place = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: place)
            default: bytes[place] = alphabet.randomElement(using: &random) ?? 0
            }
        }
        return bytes
    }

    @Test func damagedTextsAreRefusedAsTheParserRefusesThem() {
        var random = SeededGenerator(seed: 21)
        var (valid, invalid) = (0, 0)
        for _ in 0..<4000 {
            let bytes = damaged(&random)
            let isJSON = (try? JSONDocument(parsing: bytes.span)) != nil
            let passes = (try? JSONGrammar.check(bytes.span)) != nil
            #expect(isJSON == passes, "\(String(decoding: bytes, as: UTF8.self))")
            if isJSON { valid += 1 } else { invalid += 1 }
        }
        #expect(valid > 500 && invalid > 500)
    }

    @Test func damagedTextsDoNotTrap() {
        var random = SeededGenerator(seed: 22)
        for _ in 0..<1500 {
            let bytes = damaged(&random)
            let other = damaged(&random)
            let cut = Array(bytes.prefix(Int.random(in: 0...bytes.count, using: &random)))
            for text in [bytes, cut] {
                let event = Event(
                    cursor: 1, at: 0, id: nil,
                    RowChange(ChangeKind.allCases.randomElement(using: &random) ?? .other, before: text, after: other))
                #expect(!event.summary.isEmpty)
                for change in RowDifference.changes(from: text.span, to: other.span) { #expect(change.before != nil) }
                _ = RowSummary.of(text.span)
                _ = LockedModel(id: "a", row: text.span)
                _ = try? LockFile(parsing: text.span)
                _ = ModelHistory(id: "a", rows: [ModelHistory.Row(from: 0, to: nil, bytes: text)]).json
            }
        }
    }

    @Test func deepTextsAreRefusedOrScannedWithoutRecursion() {
        let deep = Array((String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)).utf8)
        #expect(throws: JSONGrammar.Problem(message: "values are nested too deeply", offset: 65)) {
            try JSONGrammar.check(deep.span)
        }
        #expect(JSONScanner.value(of: deep.span) == 0..<200_000)
    }
}
