import Testing

@testable import Bytes

@Suite("Shared bytes")
struct SharedBytesTests {
    @Test("Whatever they are made from is copied", arguments: [0, 1, 7, 8, 9, 4096])
    func copies(count: Int) {
        var dice = Dice(seed: 1)
        var source = dice.bytes(count)
        let original = source
        let fromArray = SharedBytes(source)
        let fromSpan = SharedBytes(copying: source.span)
        for index in source.indices { source[index] ^= 0xFF }
        #expect(fromArray.count == count)
        #expect(fromSpan.count == count)
        let areTheSame = fromArray.span.copied() == original && fromSpan.span.copied() == original
        #expect(areTheSame)
    }

    @Test("A string gives its UTF-8")
    func text() {
        let bytes = SharedBytes(utf8: "naïve 🦙")
        let isSame = bytes.span.copied() == Array("naïve 🦙".utf8)
        #expect(isSame)
        #expect(bytes.count == 11)
    }

    @Test("Empty bytes have an empty span")
    func empty() {
        let bytes = SharedBytes.empty
        #expect(bytes.count == 0)
        #expect(bytes.all.count == 0)
        let text = bytes.span.text()
        #expect(text == "")
    }

    @Test("A builder's allocation is adopted as it is")
    func adopting() {
        var out = ByteBuilder(capacity: 64)
        out.append("larder")
        let bytes = out.finish()
        let text = bytes.span.text()
        #expect(bytes.count == 6)
        #expect(text == "larder")
    }
}
