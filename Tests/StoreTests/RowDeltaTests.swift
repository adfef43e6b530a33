import Bytes
import TestSupport
import Testing

@testable import Store

@Suite struct RowDeltaTests {
    @Test func `a row comes back from its difference, whatever the two have in common`() {
        var random = SeededGenerator(seed: 3)
        var encoded = 0
        for _ in 0..<2_000 {
            let base = (0..<Int.random(in: 0...80, using: &random)).map { _ in UInt8.random(in: 97...98, using: &random)
            }
            var row = base
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let place = Int.random(in: 0...row.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: row.insert(99, at: place)
                case 1: if place < row.count { row.remove(at: place) }
                default: row.removeLast(min(row.count, 2))
                }
            }
            guard let delta = RowDelta.encode(row.span, from: base.span) else { continue }
            encoded += 1
            #expect(delta.count <= row.count / 2 + 2)
            #expect(RowDelta.decode(delta.span, from: base.span)?.array == row)
        }
        #expect(encoded > 200)
    }

    @Test(arguments: ["", "1", "1\n", "x\n1\na", "-1\n0\n", "9\n0\n", "3\n3\n", "99999999999999999999\n0\n"])
    func `anything else is no difference`(text: String) {
        #expect(RowDelta.decode(Array(text.utf8).span, from: Array("abcde".utf8).span) == nil)
    }
}
