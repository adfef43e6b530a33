import Bytes
import Compression
import TestSupport
import Testing

@Suite("Round trips")
struct RoundTripTests {
    @Test(arguments: Format.allCases, [0, 1, 2, 100, 8_191, 8_192, 24_576, 24_577, 65_536, 5 << 20])
    func `what goes in comes out`(format: Format, count: Int) throws {
        let bytes = sample(count)
        for level in [0, 1, 6, 9] {
            let isSame = try unpacked(format.compressed(bytes, level: level), format.rawValue) == bytes
            #expect(isSame, "level \(level)")
        }
    }

    @Test(arguments: Format.allCases)
    func `what cannot be compressed comes out whole as well`(format: Format) throws {
        var state: UInt64 = 7
        let bytes = (0..<300_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        let isSame = try unpacked(format.compressed(bytes), format.rawValue) == bytes
        #expect(isSame)
    }

    @Test(arguments: Format.allCases)
    func `equal bytes give equal streams`(format: Format) throws {
        let bytes = sample(100_000)
        #expect(try format.compressed(bytes) == (try format.compressed(bytes)))
    }
}
