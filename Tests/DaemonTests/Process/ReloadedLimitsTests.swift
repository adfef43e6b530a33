import TestSupport
import Testing

/// Limits that are changed while connections are open.
@Suite(.timeLimit(.minutes(300))) struct ReloadedLimitsTests {
    private static let long = "/models/count?q=" + String(repeating: "x", count: 300)
    private static let many = (0..<30).map { "X-\($0): y\r\n" }.joined()
    private static let large = "X: " + String(repeating: "y", count: 1000) + "\r\n"

    private static func head(_ target: String, _ lines: String = "") -> String {
        "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n"
    }

    @Test(arguments: [
        ("server.max_target_bytes = \"200B\"", head(long), 414),
        ("server.max_headers = 20", head("/models/count", many), 431),
        ("server.max_header_bytes = \"512B\"", head("/models/count", large), 431),
    ])
    func `of a request's head they hold for open connections too`(setting: String, request: String, status: Int) throws
    {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, "workers = 2")
        let idle = try RawClient(port: larder.process.port)
        let other = try RawClient(port: larder.process.port)
        let begun = try RawClient(port: larder.process.port)
        for client in [idle, other] {
            try client.send(request)
            #expect(try client.readResponse().status == 200)
        }
        // A head that has begun is held to the limits that it began with.
        try begun.send(Array(request.utf8.dropLast(2)))
        try begun.socket.waitUntilDelivered()
        // Either loop has gone round since, and has read it.
        for _ in 0..<32 { #expect(try larder.get("/healthz").status == 200) }
        try larder.reload("workers = 2\n" + setting)
        try begun.send("\r\n")
        #expect(try begun.readResponse().status == 200)
        for client in [idle, begun] {
            try client.send(request)
            #expect(try client.readResponse().status == status)
        }
        #expect(try other.get("/models/count").status == 200)
        // And back again.
        try larder.reload("workers = 2")
        try other.send(request)
        #expect(try other.readResponse().status == 200)
        try larder.process.end()
    }

    @Test func `of connections' idle time clients are told the new one`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, "")
        let client = try RawClient(port: larder.process.port)
        #expect(try client.get("/models").status == 200)
        #expect(try client.get("/models").fields["Keep-Alive"] == "timeout=75")
        try larder.reload("server.idle_timeout = \"20s\"")
        // The prepared head of an answer is rewritten each second.
        try eventually("the new time is told") { try client.get("/models").fields["Keep-Alive"] == "timeout=20" }
        try larder.process.end()
    }
}
