import Testing

@Suite("Brotli")
struct BrotliTests {
    @Test("Text takes fewer bytes than with gzip")
    func size() throws {
        let text = Array(
            (0..<4000).map { "{\"id\":\"maker/model-\($0)\",\"pricing\":\"0.00000\($0)\"}," }.joined().utf8)
        #expect(try Format.brotli.compressed(text).count < (try Format.gzip.compressed(text)).count)
    }
}
