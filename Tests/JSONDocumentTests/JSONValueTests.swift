import Bytes
import JSONDocument
import Testing

@Suite struct JSONValueTests {
    private let root: JSONValue

    init() throws {
        root = try document(
            #"{"s":"caf\u00e9","n":-1.50e3,"t":true,"f":false,"z":null,"a":[1,[2],{}],"o":{"s":"in"},"e":"","n":7}"#
        ).root
    }

    @Test(arguments: [
        ("s", JSONValue.Kind.string), ("n", .number), ("t", .bool), ("f", .bool), ("z", .null), ("a", .array),
        ("o", .object),
    ])
    func kindsAreToldApart(name: String, kind: JSONValue.Kind) throws {
        let value = try #require(root.members.first { $0.name.string == name }?.value)
        #expect(value.kind == kind)
        #expect(value.isNull == (kind == .null))
    }

    @Test func membersAreFoundByName() {
        #expect(root["s"]?.string == "café")
        #expect(root["t"]?.bool == true)
        #expect(root["f"]?.bool == false)
        #expect(root["e"]?.string == "")
        #expect(root["o"]?["s"]?.string == "in")
        #expect(root["missing"] == nil)
        #expect(root["S"] == nil)
    }

    @Test func ofARepeatedNameTheLastIsFound() {
        #expect(root["n"]?.rawNumber == "7")
        #expect(root.members.filter { $0.name.string == "n" }.map(\.value.rawNumber) == ["-1.50e3", "7"])
    }

    @Test func membersAndElementsComeInOrder() {
        #expect(root.members.map(\.name.string) == ["s", "n", "t", "f", "z", "a", "o", "e", "n"])
        #expect(root["a"]?.elements.map(\.kind) == [.number, .array, .object])
        #expect(root.count == 9)
        #expect(root["a"]?.count == 3)
    }

    @Test func aValueOfAnotherKindHasNothingToGive() throws {
        let number = try #require(root.members.first { $0.name.string == "n" }?.value)
        let array = try #require(root["a"])
        #expect(number.string == nil && number.bool == nil && number.count == 0 && number["s"] == nil)
        #expect(number.members.map(\.value).isEmpty && number.elements.map(\.kind).isEmpty)
        #expect(array.string == nil && array.rawNumber == nil && array["s"] == nil)
        #expect(array.members.map(\.value).isEmpty && root.elements.map(\.kind).isEmpty)
        #expect(root["s"]?.rawNumber == nil && root["s"]?.count == 0)
        let bytes = array.text.count
        #expect(bytes == 0)
    }

    @Test func stringsMayHoldAnyCharacter() throws {
        let value = try document(#""a\u0000b\"\\\ud83c\udf70""#).root
        #expect(value.string == "a\0b\"\\🍰")
        #expect(value.text.count == 9)
    }

    @Test func aValueOutlivesTheNameOfItsDocument() throws {
        func inner() throws -> JSONValue? { try document(#"{"a":["kept"]}"#).root["a"]?.elements.first { _ in true } }
        #expect(try inner()?.string == "kept")
    }
}
