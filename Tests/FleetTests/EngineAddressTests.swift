import Fleet
import Testing

@Suite struct EngineAddressTests {
    private static func node(_ host: String, _ port: UInt16) -> EngineAddress.Node {
        EngineAddress.Node(host: host, port: port)
    }

    @Test(
        arguments: [
            ("redis://engine", .node(node("engine", 6_379)), false, 0),
            ("REDIS://Engine.Example:7000/3", .node(node("Engine.Example", 7_000)), false, 3),
            ("redis://127.0.0.1/", .node(node("127.0.0.1", 6_379)), false, 0),
            ("rediss://[2001:db8::1]:7000", .node(node("2001:db8::1", 7_000)), true, 0),
            ("valkey://[::1]", .node(node("::1", 6_379)), false, 0), ("valkeys://a", .node(node("a", 6_379)), true, 0),
            ("unix:/run/valkey/valkey.sock", .socket("/run/valkey/valkey.sock"), false, 0),
            ("unix:///run/v.sock?db=4", .socket("/run/v.sock"), false, 4),
            (
                "redis+sentinel://a,b:7,[::1]:8/main",
                .sentinels([node("a", 26_379), node("b", 7), node("::1", 8)], master: "main"), false, 0
            ),
            ("valkeys+sentinel://a/main/2", .sentinels([node("a", 26_379)], master: "main"), true, 2),
        ] as [(String, EngineAddress.Place, Bool, Int)])
    func `addresses of every kind are read`(text: String, place: EngineAddress.Place, isSecure: Bool, database: Int)
        throws
    {
        let address = try EngineAddress(text)
        #expect(address.place == place)
        #expect(address.isSecure == isSecure)
        #expect(address.database == database)
    }

    @Test(
        arguments: [
            ("", .scheme), ("engine:6379", .scheme), ("http://engine", .scheme), ("redis+cluster://a", .scheme),
            ("redis://", .host), ("redis://:6379", .host), ("redis://a b", .host), ("redis://a?x=1", .host),
            ("redis://a:0", .port), ("redis://a:65536", .port), ("redis://a:+1", .port), ("redis://a:", .port),
            ("redis://[::1", .host), ("redis://[::1]x", .host), ("redis://a/x", .database),
            ("redis://a/1/2", .database),
            ("redis://:secret@a", .hasUser), ("rediss://u:secret@a", .hasUser), ("unix:relative", .path),
            ("unix:/" + String(repeating: "a", count: 107), .path), ("unix:/a?x=1", .database),
            ("redis+sentinel://a", .master), ("redis+sentinel://a/", .master), ("redis+sentinel:///main", .host),
            ("redis+sentinel://a,,b/main", .host),
        ] as [(String, EngineAddress.Problem)])
    func `what is no address is refused, and no message repeats it`(text: String, problem: EngineAddress.Problem) {
        #expect(throws: problem) { try EngineAddress(text) }
        #expect(!problem.description.contains("secret"))
    }

    @Test func `the nodes that engines name are read`() {
        #expect(EngineAddress.node(named: "10.0.0.1:7000") == Self.node("10.0.0.1", 7_000))
        #expect(EngineAddress.node(named: "::1:7000") == Self.node("::1", 7_000))
        #expect(EngineAddress.node(named: "2001:db8::5:6379") == Self.node("2001:db8::5", 6_379))
        #expect(EngineAddress.node(named: "engine.example:7") == Self.node("engine.example", 7))
        for text in ["", ":7", "a b:7", "a:x", "http://a:7", "a/b:7"] {
            #expect(EngineAddress.node(named: text) == nil)
        }
        #expect(Self.node("::1", 7).description == "[::1]:7")
        #expect(Self.node("a", 7).description == "a:7")
    }
}
