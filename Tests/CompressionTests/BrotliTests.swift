import Bytes
import Compression
import TestSupport
import Testing

@Suite("Brotli")
struct BrotliTests {
    static func compressed(_ bytes: [UInt8], quality: Int = 6) throws -> [UInt8] {
        let stream = Brotli.compress(bytes.span, quality: quality)
        let packed = try #require(stream)
        return packed.span.copied()
    }

    @Test("What goes in comes out", arguments: [0, 1, 2, 100, 65_535, 65_536, 65_537, 5 << 20], [0, 1, 6, 9])
    func roundTrip(count: Int, quality: Int) throws {
        let bytes = GzipTests.sample(count)
        let packed = try Self.compressed(bytes, quality: quality)
        let isSame = try unpacked(packed, "br") == bytes
        #expect(isSame)
    }

    @Test("What cannot be compressed comes out whole as well")
    func noise() throws {
        var state: UInt64 = 7
        let bytes = (0..<300_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        let isSame = try unpacked(try Self.compressed(bytes), "br") == bytes
        #expect(isSame)
    }

    @Test("Text takes fewer bytes than with gzip, and equal bytes give equal streams")
    func size() throws {
        let text = Array(
            (0..<4000).map { "{\"id\":\"maker/model-\($0)\",\"pricing\":\"0.00000\($0)\"}," }.joined().utf8)
        let packed = try Self.compressed(text)
        #expect(packed.count < (try GzipTests.compressed(text)).count)
        #expect(packed == (try Self.compressed(text)))
    }
}
