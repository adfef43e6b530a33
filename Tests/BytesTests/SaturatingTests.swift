import Bytes
import Testing

@Suite("Arithmetic that stops at the bounds")
struct SaturatingTests {
    private static let signedNumbers: [Int64] = [.min, .min + 1, -1, 0, 1, .max - 1, .max]
    private static let unsignedNumbers: [UInt64] = [0, 1, 1000, .max - 1, .max]

    @Test("Signed numbers: the exact result, or the bound nearest to it", arguments: signedNumbers)
    func signed(a: Int64) {
        for b in Self.signedNumbers {
            #expect(a.addingSaturated(b) == Int64(clamping: Int128(a) + Int128(b)))
            #expect(a.subtractingSaturated(b) == Int64(clamping: Int128(a) - Int128(b)))
            #expect(a.multipliedSaturated(by: b) == Int64(clamping: Int128(a) * Int128(b)))
        }
    }

    @Test("Unsigned numbers: the exact result, or the bound nearest to it", arguments: unsignedNumbers)
    func unsigned(a: UInt64) {
        for b in Self.unsignedNumbers {
            #expect(a.addingSaturated(b) == UInt64(clamping: UInt128(a) + UInt128(b)))
            #expect(a.subtractingSaturated(b) == (a > b ? a - b : 0))
            #expect(a.multipliedSaturated(by: b) == UInt64(clamping: UInt128(a) * UInt128(b)))
            #expect(a.elapsed(since: b) == (a > b ? a - b : 0))
        }
    }
}
