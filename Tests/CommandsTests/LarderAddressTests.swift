import Settings
import Testing

@testable import Commands

@Suite struct LarderAddressTests {
    @Test(arguments: [
        ("http://127.0.0.1:5273", "http://127.0.0.1:5273"), ("http://127.0.0.1:5273/", "http://127.0.0.1:5273"),
        ("localhost:5273", "http://localhost:5273"), ("https://Larder.Example/x/", "https://larder.example/x"),
        ("http://localhost:5273/api/v1", "http://localhost:5273"),
        ("http://localhost:5273/v1/", "http://localhost:5273"),
        ("[::1]:80", "http://[::1]:80"), ("unix:/run/larder.sock", "unix:/run/larder.sock"),
    ])
    func `an address is a URL, a host with a port or a path`(text: String, description: String) {
        #expect(LarderAddress(text)?.description == description)
    }

    @Test(arguments: ["", "ftp://host", "http://", "unix:", "http://u:p@host", "http://host?x", "a b"])
    func `anything else is none`(text: String) {
        #expect(LarderAddress(text) == nil)
    }

    @Test func `a path behind a unix socket is asked for by this machine's name`() {
        #expect(LarderAddress.unix(path: "/s").url(of: "/healthz") == "http://localhost/healthz")
        #expect(LarderAddress.standard.url(of: "/x") == "http://127.0.0.1:5273/x")
    }
}
