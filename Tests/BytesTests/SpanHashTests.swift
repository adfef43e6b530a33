import Testing

@testable import Bytes

@Suite("The hash of a span")
struct SpanHashTests {
    @Test("The same bytes have the same hash, wherever they lie")
    func isStable() {
        let bytes = Array("/api/v1/models?limit=10".utf8)
        let shifted = Array("...".utf8) + bytes
        let first = hash(bytes)
        let second = shifted.span.extracting(3..<shifted.count).hash64()
        #expect(first == second)
    }

    @Test("Every prefix of zeros, and of one text, has a hash of its own")
    func prefixes() {
        for byte: UInt8 in [0, 1, 0x61, 0xFF] {
            let hashes = Set((0...300).map { hash([UInt8](repeating: byte, count: $0)) })
            #expect(hashes.count == 301)
        }
    }

    @Test("Neighbours in one bit differ in about half of the hash", arguments: [1, 7, 8, 9, 15, 16, 24, 40])
    func neighbours(count: Int) {
        var dice = Dice(seed: UInt64(count))
        var changedBits = 0
        var trials = 0
        for _ in 0..<50 {
            let bytes = dice.bytes(count)
            for index in 0..<count * 8 {
                var changed = bytes
                changed[index / 8] ^= 1 << UInt8(index % 8)
                let difference = hash(bytes) ^ hash(changed)
                #expect(difference != 0)
                changedBits += difference.nonzeroBitCount
                trials += 1
            }
        }
        let average = Double(changedBits) / Double(trials)
        #expect((24...40).contains(average))
    }

    @Test("A hundred thousand targets that count up have no hash in common")
    func counting() {
        let hashes = Set((0..<100_000).map { hash(Array("/models?offset=\($0)&limit=10".utf8)) })
        #expect(hashes.count == 100_000)
    }

    @Test("Another seed is another hash, for no bytes as well", arguments: ["", "a", "12345678", "/models?q=llama"])
    func seeds(text: String) {
        let bytes = Array(text.utf8)
        let hashes = Set((0..<1_000).map { hash(bytes, seed: $0) })
        #expect(hashes.count == 1_000)
    }

    private func hash(_ bytes: [UInt8], seed: UInt64 = 0) -> UInt64 { bytes.span.hash64(seed: seed) }
}
