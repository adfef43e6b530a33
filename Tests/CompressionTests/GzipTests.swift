import Testing

@Suite("gzip")
struct GzipTests {
    @Test("A higher level gives fewer bytes")
    func levels() throws {
        let bytes = sample(200_000)
        let stored = try Format.gzip.compressed(bytes, level: 0).count
        let usual = try Format.gzip.compressed(bytes).count
        #expect(stored > bytes.count)
        #expect(usual < bytes.count * 3 / 4)
    }

    @Test("The header bears no time and no name, so that equal bytes give equal members")
    func header() throws {
        #expect(try Format.gzip.compressed(sample(1000)).prefix(8) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0])
    }
}
