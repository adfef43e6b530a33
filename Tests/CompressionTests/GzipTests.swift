import Bytes
import Compression
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

    static func decompressed(_ bytes: [UInt8], limit: Int) throws(GzipError) -> [UInt8] {
        let unpacked = try Gzip.decompress(bytes.span, limit: limit)
        return unpacked.span.copied()
    }

    @Test("What goes in comes out", arguments: [0, 1, 2, 100, 65_535, 65_536, 65_537, 5 << 20], [0, 1, 6, 9])
    func roundTrip(count: Int, level: Int) throws {
        let bytes = Self.sample(count)
        let packed = try Self.compressed(bytes, level: level)
        let unpacked = try Self.decompressed(packed, limit: count)
        #expect(unpacked == bytes)
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

    @Test("The members of a chain are joined")
    func chain() throws {
        let packed = try Self.compressed(Array("one, ".utf8)) + Self.compressed(Array("two".utf8))
        #expect(try Self.decompressed(packed, limit: 100) == Array("one, two".utf8))
    }

    @Test("Every shortened member is found out")
    func truncated() throws {
        let packed = try Self.compressed(Self.sample(500))
        for count in 0..<packed.count {
            let part = Array(packed[..<count])
            #expect(throws: GzipError.truncated, "\(count) bytes") { try Self.decompressed(part, limit: 1000) }
        }
    }

    @Test("A wrong checksum, a wrong length, bytes behind the member and other formats are found out")
    func corrupt() throws {
        let packed = try Self.compressed(Self.sample(500))
        for place in [0, 1, 2, packed.count - 8, packed.count - 4, packed.count - 1] {
            var damaged = packed
            damaged[place] ^= 0x55
            #expect(throws: GzipError.corrupt, "byte \(place)") { try Self.decompressed(damaged, limit: 1000) }
        }
        let followed = packed + Array("more".utf8)
        #expect(throws: GzipError.corrupt) { try Self.decompressed(followed, limit: 1000) }
        let text = Array("plain text, by no means gzip".utf8)
        #expect(throws: GzipError.corrupt) { try Self.decompressed(text, limit: 1000) }
    }

    @Test("No more comes out than was allowed")
    func limit() throws {
        let packed = try Self.compressed([UInt8](repeating: 0, count: 1_000_000))
        #expect(packed.count < 2000)
        #expect(throws: GzipError.tooLarge) { try Self.decompressed(packed, limit: 999_999) }
        #expect(try Self.decompressed(packed, limit: 1_000_000).count == 1_000_000)
    }
}
