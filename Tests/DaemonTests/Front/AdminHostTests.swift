import Daemon
import EventLoop
import Settings
import TestSupport
import Testing

/// The names under which Larder tells of itself, where others may connect: a page that has its own name lead here (DNS
/// rebinding) is of the same origin as Larder in a browser's eyes.
@Suite(.timeLimit(.minutes(300))) struct AdminHostTests {
    private static let paths = [
        ("GET", "/_larder/"), ("GET", "/_larder"), ("GET", "/_larder/status"), ("POST", "/_larder/purge?all=1"),
        ("GET", "/_larder/nothing"), ("OPTIONS", "/_larder/status"),
    ]

    private static func statuses(_ larder: LiveLarder, _ host: String) throws -> [Int] {
        try paths.map { method, path in
            // What a browser sends of a page that is, to its mind, Larder's own.
            let fields: MessageFields = ["Host": host, "Origin": "http://\(host)", "Sec-Fetch-Site": "same-origin"]
            return try larder.request(method, path, fields).status
        }
    }

    @Test(arguments: [[], ["*"], ["larder.example", "evil.example.org"]])
    func `a foreign name gets nothing of what is for the operator`(allowed: [String]) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) {
            $0.listen = [.tcp(host: "0.0.0.0", port: 0)]
            $0.server.allowedHosts = allowed
        } _: { larder throws in
            let foreign = [
                "evil.example", "evil.example:5273", "localhost.evil.example", "127.0.0.1.nip.io", "1.2.3", "[::g]",
            ]
            for host in foreign {
                #expect(try Self.statuses(larder, host) == Self.paths.map { _ in 421 }, "\(host)")
                for path in ["/healthz", "/readyz"] { #expect(try larder.get(path, ["Host": host]).status == 200) }
                if allowed.contains("larder.example") { continue }
                #expect(try larder.get("/models/count", ["Host": host]).status == 200)
                #expect(try larder.get("/metrics", ["Host": host]).status == 200)
            }
            #expect(try larder.get("/_larder/status", ["Host": "EVIL.example"]).text.contains("server.allowed_hosts"))
        }
    }

    @Test func `an address, this machine's names and listed ones do`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let good = [200, 308, 200, 200, 404, 405]
        try LiveLarder.serving(before: origin) {
            $0.listen = [.tcp(host: "0.0.0.0", port: 0)]
        } _: { larder throws in
            let names = ["localhost", "LocalHost:80", "127.0.0.1", "192.0.2.7:5273", "[::1]", "[2001:db8::1.2.3.4]:1"]
            for host in names + machineNames() {
                #expect(try Self.statuses(larder, host) == good, "\(host)")
            }
        }
        try LiveLarder.serving(before: origin) {
            $0.listen = [.tcp(host: "0.0.0.0", port: 0)]
            $0.server.allowedHosts = ["larder.example"]
        } _: { larder throws in
            #expect(try Self.statuses(larder, "Larder.example:5273") == good)
        }
    }

    @Test func `a client of HTTP 1 0 that names nobody is no browser`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) {
            $0.listen = [.tcp(host: "0.0.0.0", port: 0)]
        } _: { larder throws in
            let client = try larder.connect()
            try client.send("GET /_larder/status HTTP/1.0\r\n\r\n")
            #expect(try client.readResponse().status == 200)
            let other = try larder.connect()
            try other.send("GET http://evil.example/_larder/status HTTP/1.1\r\nHost: localhost\r\n\r\n")
            #expect(try other.readResponse().status == 421)
        }
    }
}
