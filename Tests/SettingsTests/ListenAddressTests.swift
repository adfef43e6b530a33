import Testing

@testable import Settings

@Suite("Addresses to listen on")
struct ListenAddressTests {
    @Test(
        "An address is read and written alike",
        arguments: [
            ("127.0.0.1:5273", ListenAddress.tcp(host: "127.0.0.1", port: 5273)),
            ("0.0.0.0:80", .tcp(host: "0.0.0.0", port: 80)),
            ("localhost:5273", .tcp(host: "localhost", port: 5273)),
            ("my-host.example:65535", .tcp(host: "my-host.example", port: 65_535)),
            ("127.0.0.1:0", .tcp(host: "127.0.0.1", port: 0)),
            ("[::1]:5273", .tcp(host: "::1", port: 5273)),
            ("[::]:5273", .tcp(host: "::", port: 5273)),
            ("[2001:db8::8:800:200c:417a]:1", .tcp(host: "2001:db8::8:800:200c:417a", port: 1)),
            ("[1:2:3:4:5:6:7:8]:1", .tcp(host: "1:2:3:4:5:6:7:8", port: 1)),
            ("[::ffff:192.0.2.1]:1", .tcp(host: "::ffff:192.0.2.1", port: 1)),
            ("[fe80::1%eth0]:1", .tcp(host: "fe80::1%eth0", port: 1)),
            ("unix:/run/larder/larder.sock", .unix(path: "/run/larder/larder.sock")),
            ("unix:relative", .unix(path: "relative")),
        ])
    func reads(text: String, expected: ListenAddress) {
        #expect(ListenAddress(text) == expected)
        #expect(expected.description == text)
    }

    @Test(
        "What is no address is refused",
        arguments: [
            "", ":", ":5273", "127.0.0.1", "localhost", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1",
            "127.0.0.1:+1", "256.0.0.1:1", "1.2.3:1", "1.2.3.4.5:1", "01.2.3.4:1", "5273:1", "::1:5273", "[::1]",
            "[]:1",
            "[1::2::3]:1", "[:1::2]:1", "[1:2:3:4:5:6:7]:1", "[1:2:3:4:5:6:7:8:9]:1", "[1:2:3:4:5:6:7:8::]:1",
            "[12345::]:1", "[::g]:1", "[1.2.3.4::]:1", "[::1%]:1", "[::1%a b]:1", "[localhost]:1", "a b:1", "a/b:1",
            "-a:1", "a-:1", "a..b:1", "http://a:1", "unix:", "UNIX:/x", "*:1", "größe:1",
        ])
    func refuses(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test("The path of a socket may have 107 bytes")
    func longPath() {
        let path = "/" + String(repeating: "x", count: 106)
        #expect(ListenAddress("unix:" + path) == .unix(path: path))
        #expect(ListenAddress("unix:" + path + "x") == nil)
    }
}
