import Testing

@testable import HTTPCore

@Suite("The choice of a content coding")
struct ContentCodingTests {
    @Test(
        "br is chosen where it is wanted and nothing is wanted more",
        arguments: [
            "br", "BR", "gzip, deflate, br", "gzip, deflate, br, zstd", "br, gzip", "gzip,br", "gzip;q=0.5, br;q=0.5",
            "br;q=1, gzip;q=0.2", "br, *;q=0.2", "br, zstd", "gzip, compress, deflate, br", "br;q=0.001",
            "identity, br", "br;q=0.5, *;q=0.5", "*;q=0, br", "gzip br, br", "br;q=0.7, gzip;q=0.6, identity;q=0.5",
        ])
    func br(field: String) {
        #expect(preferred(field) == .br)
    }

    @Test(
        "gzip is chosen where it is wanted and nothing is wanted more",
        arguments: [
            "gzip", "GZIP", "x-gzip", "gzip, deflate", "gzip, deflate, zstd", "gzip,deflate", "br;q=0, gzip",
            "deflate, gzip;q=1.0, *;q=0.5", "gzip;q=0.5", "gzip;q=0.001", "gzip; q=0.5", "gzip ;q=0.5",
            "gzip\t;\tq=1", "gzip;Q=1", "gzip;q=1.", "gzip;q=1.000", "gzip;q=0.5, identity;q=0.5", "*", "*;q=0.1",
            "identity;q=0, *", "identity;q=0.3, gzip;q=0.4", "gzip;q=1, br;q=0.9", "  gzip  ", ",,gzip,,", "gzip,",
            "identity, gzip", "*;q=0, gzip", "gzip;level=9;q=0.7", "gzip, identity; q=0.5, *;q=0", "br;q=0.1, *;q=0.2",
            "gzip, deflated", "gzip, identity", "gzip, br;q=2", "gzip br, gzip", "brotli, gzip", "b, r, gzip",
        ])
    func gzip(field: String) {
        #expect(preferred(field) == .gzip)
    }

    @Test(
        "identity is chosen elsewhere",
        arguments: [
            "", "identity", "deflate", "zstd", "br;q=0", "identity, br;q=0.5", "gzip;q=0", "gzip; q=0", "gzip;q=0.0",
            "gzip;q=0.000",
            "gzip;q=0, *", "*;q=0", "identity, gzip;q=0.9", "identity;q=0.5, gzip;q=0.499", "identity, *;q=0.5",
            "gzipped", "gzip-2", "gzip2, bro", "gzip br, deflate", "gzi", "xgzip", "x-gzip;q=0", "*, gzip;q=0",
            "gzip, deflate;q=1, gzip;q=0",
            "gzip, deflate, gzip;q=0", "identity;q=0, gzip;q=0", "\"gzip\"", "gzip deflate", ",", ";q=1",
        ])
    func identity(field: String) {
        #expect(preferred(field) == .identity)
    }

    @Test(
        "A malformed weight counts as none at all",
        arguments: [
            "gzip;q=", "gzip;q=2", "gzip;q=1.001", "gzip;q=1.1", "gzip;q=-1", "gzip;q=.5", "gzip;q=0,5",
            "gzip;q=0.5555",
            "gzip;q=a", "gzip;q=0.x", "gzip;q=\"1\"", "gzip;q=1 0", "gzip;q=01", "gzip;q=1e0", "gzip;q=0..1",
        ])
    func malformed(field: String) {
        #expect(preferred(field) == .identity)
    }

    @Test("Without the field the answer is not coded")
    func absent() {
        #expect(ContentCoding.preferred(for: nil) == .identity)
    }

    private func preferred(_ field: String) -> ContentCoding {
        let bytes = Array(field.utf8)
        return ContentCoding.preferred(for: bytes.span)
    }
}
