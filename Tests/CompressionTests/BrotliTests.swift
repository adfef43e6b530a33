import Bytes
import Compression
import Testing

@Suite("Brotli")
struct BrotliTests {
    static func compressed(_ bytes: [UInt8], quality: Int = 6) throws -> [UInt8] {
        let stream = Brotli.compress(bytes.span, quality: quality)
        let packed = try #require(stream)
        return packed.span.copied()
    }

    static func decompressed(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
        guard let unpacked = Brotli.decompress(bytes.span, limit: limit) else { return nil }
        return unpacked.span.copied()
    }

    @Test("What goes in comes out", arguments: [0, 1, 2, 100, 65_535, 65_536, 65_537, 5 << 20], [0, 1, 6, 9])
    func roundTrip(count: Int, quality: Int) throws {
        let bytes = GzipTests.sample(count)
        let packed = try Self.compressed(bytes, quality: quality)
        #expect(Self.decompressed(packed, limit: count) == bytes)
    }

    @Test("Text takes fewer bytes than with gzip, and equal bytes give equal streams")
    func size() throws {
        let text = Array(
            (0..<4000).map { "{\"id\":\"maker/model-\($0)\",\"pricing\":\"0.00000\($0)\"}," }.joined().utf8)
        let packed = try Self.compressed(text)
        #expect(packed.count < (try GzipTests.compressed(text)).count)
        #expect(packed == (try Self.compressed(text)))
    }

    @Test("Every shortened stream is found out, and so are other formats")
    func broken() throws {
        let packed = try Self.compressed(GzipTests.sample(500))
        for count in 0..<packed.count {
            #expect(Self.decompressed(Array(packed[..<count]), limit: 1000) == nil, "\(count) bytes")
        }
        let gzip = try GzipTests.compressed(GzipTests.sample(500))
        #expect(Self.decompressed(gzip, limit: 1000) == nil)
    }

    @Test("No more comes out than was allowed")
    func limit() throws {
        let packed = try Self.compressed([UInt8](repeating: 0, count: 1_000_000))
        #expect(packed.count < 2000)
        #expect(Self.decompressed(packed, limit: 999_999) == nil)
        #expect(Self.decompressed(packed, limit: 1_000_000)?.count == 1_000_000)
    }
}
