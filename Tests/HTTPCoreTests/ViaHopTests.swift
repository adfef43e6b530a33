import Bytes
import HTTPCore
import Testing

@Suite("This process in Via")
struct ViaHopTests {
    private let hop = ViaHop(number: 0x1a2b)

    @Test("The name has eight digits, whatever the number")
    func name() {
        #expect(String(decoding: hop.name, as: UTF8.self) == "larder-00001a2b")
        #expect(String(decoding: ViaHop(number: .max).name, as: UTF8.self) == "larder-ffffffff")
        #expect(String(decoding: hop.element(isVersion11: false), as: UTF8.self) == "1.0 larder-00001a2b")
    }

    @Test(
        "It is found wherever it stands",
        arguments: [
            ("1.1 larder-00001a2b", true), ("1.0 fred, 1.1 larder-00001a2b", true),
            ("1.1 larder-00001a2b,1.1 p.example", true),
            ("HTTP/1.1 LARDER-00001A2B (a comment)", true), ("1.1\tlarder-00001a2b\t", true), ("", false),
            ("1.1 larder", false),
            ("1.1 larder-00001a2c", false), ("1.1 larder-00001a2b0", false), ("1.1 xlarder-00001a2b", false),
            ("1.1 larder-00001a2b:80", false), (",,, ,", false),
        ])
    func found(value: String, expected: Bool) {
        let bytes = Array(value.utf8)
        let occurs = hop.occurs(in: bytes.span)
        #expect(occurs == expected)
    }

    @Test("A fetch goes on where the request's value ends")
    func chain() {
        let earlier = SharedBytes(utf8: "1.0 fred, 1.1 larder-00000001")
        let value = String(decoding: hop.value(after: earlier), as: UTF8.self)
        #expect(value == "1.0 fred, 1.1 larder-00000001, 1.1 larder-00001a2b")
        for nothing in [nil, SharedBytes.empty] {
            #expect(String(decoding: hop.value(after: nothing), as: UTF8.self) == "1.1 larder-00001a2b")
        }
    }
}
