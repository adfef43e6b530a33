import Daemon
import TestSupport
import Testing

/// How far OPTIONS and TRACE may go (RFC 9110 section 7.6.2).
@Suite(.timeLimit(.minutes(300))) struct MaxForwardsTests {
    private static func serving(_ body: (ScriptedOrigin, LiveLarder) throws -> Void) throws {
        let origin = try ScriptedOrigin { _ in .json("{}") }
        try LiveLarder.serving(before: origin) { larder throws in try body(origin, larder) }
    }

    @Test func `at 0 they are answered here`() throws {
        try Self.serving { origin, larder throws in
            let options = try larder.request("OPTIONS", "/key", ["Max-Forwards": "0"])
            #expect(options.status == 204 && options.fields["Allow"]?.contains("POST") == true)
            let list = try larder.request("OPTIONS", "/providers", ["Max-Forwards": "00"])
            #expect(list.status == 204 && list.fields["Allow"] == "GET, HEAD, OPTIONS")
            let trace = try larder.request("TRACE", "/key", ["Max-Forwards": "0", "Authorization": "Bearer sk-key"])
            #expect(trace.status == 405 && trace.fields["Allow"] != nil && !trace.text.contains("sk-key"))
            let client = try larder.connect()
            #expect(try client.request("TRACE", "/key", ["Max-Forwards": "0"]).status == 405)
            #expect(try client.get("/healthz").status == 200)
            #expect(origin.requests.isEmpty)
        }
    }

    @Test func `above 0 they go on with one less`() throws {
        try Self.serving { origin, larder throws in
            for method in ["OPTIONS", "TRACE"] {
                for value in ["1", "10", "99999999999999999999"] {
                    #expect(try larder.request(method, "/key", ["Max-Forwards": value]).status == 200)
                }
            }
            #expect(try larder.request("OPTIONS", "/key").status == 200)
            let sent = origin.requests.map { $0.fields["Max-Forwards"] }
            let most = String(Int.max - 1)
            #expect(sent == ["0", "9", most, "0", "9", most, nil])
        }
    }

    @Test func `for other methods, and where it is no number, it means nothing`() throws {
        try Self.serving { origin, larder throws in
            for method in ["GET", "HEAD", "POST", "DELETE"] {
                #expect(try larder.request(method, "/key", ["Max-Forwards": "0"]).status == 200)
            }
            #expect(try larder.request("OPTIONS", "/key", ["Max-Forwards": "none"]).status == 200)
            #expect(origin.requests.map { $0.fields["Max-Forwards"] } == ["0", "0", "0", "0", "none"])
        }
    }
}
