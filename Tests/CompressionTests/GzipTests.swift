import Bytes
import Compression
import TestSupport
import Testing

@Suite("gzip")
struct GzipTests {
    /// Bytes that compress about as well as text does, the same at every call.
    static func sample(_ count: Int) -> [UInt8] {
        var state: UInt64 = 1
        return (0..<count).map { index in
            if index % 3 == 0 { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
            return UInt8(truncatingIfNeeded: 0x61 + (state >> 40) % 16)
        }
    }

    static func compressed(_ bytes: [UInt8], level: Int = 6) throws -> [UInt8] {
        let member = Gzip.compress(bytes.span, level: level)
        let packed = try #require(member)
        return packed.span.copied()
    }

    @Test("What goes in comes out", arguments: [0, 1, 2, 100, 65_535, 65_536, 65_537, 5 << 20], [0, 1, 6, 9])
    func roundTrip(count: Int, level: Int) throws {
        let bytes = Self.sample(count)
        let packed = try Self.compressed(bytes, level: level)
        let isSame = try unpacked(packed) == bytes
        #expect(isSame)
    }

    @Test("A higher level gives fewer bytes")
    func levels() throws {
        let bytes = Self.sample(200_000)
        let stored = try Self.compressed(bytes, level: 0).count
        let usual = try Self.compressed(bytes).count
        #expect(stored > bytes.count)
        #expect(usual < bytes.count * 3 / 4)
    }

    @Test("The header bears no time and no name, so that equal bytes give equal members")
    func deterministic() throws {
        let packed = try Self.compressed(Self.sample(1000))
        #expect(packed.prefix(8) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
        #expect(try Self.compressed(Self.sample(1000)) == packed)
    }
}
