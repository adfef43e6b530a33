import EventLoop
import Testing

@Suite struct SocketAddressTests {
    @Test(arguments: [
        ("127.0.0.1:5273", SocketAddress.ipv4(0x7F00_0001, port: 5273), true),
        ("localhost:80", .ipv4(0x7F00_0001, port: 80), true),
        ("127.8.9.10:1", .ipv4(0x7F08_090A, port: 1), true),
        ("0.0.0.0:0", .ipv4(0, port: 0), false),
        ("10.1.2.3:65535", .ipv4(0x0A01_0203, port: 65535), false),
        ("[::1]:5273", .ipv6(0, 1, port: 5273), true),
        ("[::]:8080", .ipv6(0, 0, port: 8080), false),
        ("[2001:db8::5]:443", .ipv6(0x2001_0DB8_0000_0000, 5, port: 443), false),
        ("unix:/run/larder.sock", .unix(path: "/run/larder.sock"), false),
    ])
    func `an address is read and written back`(text: String, address: SocketAddress, isLoopback: Bool) throws {
        let parsed = try SocketAddress(parsing: text)
        #expect(parsed == address)
        #expect(parsed.isLoopback == isLoopback)
        #expect(parsed.isUnix == text.hasPrefix("unix:"))
        let written = text.hasPrefix("localhost") ? "127.0.0.1:80" : text
        #expect(parsed.description == written)
    }

    @Test(arguments: [
        "", "5273", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", ":5273", "::1:5273",
        "[127.0.0.1]:1", "[::1]", "unix:", "unix:/" + String(repeating: "a", count: 107),
    ])
    func `what is no address is refused with a sentence that names it`(text: String) {
        #expect { try SocketAddress(parsing: text) } throws: { "\($0)".hasPrefix("\"\(text)\": ") }
    }

    @Test func `the port is known for TCP alone`() {
        #expect(SocketAddress.ipv4(0, port: 7).port == 7)
        #expect(SocketAddress.ipv6(0, 0, port: 8).port == 8)
        #expect(SocketAddress.unix(path: "/x").port == nil)
    }
}
