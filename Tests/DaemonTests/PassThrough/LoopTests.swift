import Daemon
import Settings
import TestSupport
import Testing

/// An upstream that leads back to Larder.
@Suite(.timeLimit(.minutes(300))) struct LoopTests {
    /// Hands each request on to a Larder, as a proxy between would, and counts them.
    private static func relay(to port: Monitor<UInt16>, addingVia: Bool) throws -> ScriptedOrigin {
        try ScriptedOrigin { request in
            var fields = request.fields
            fields["Host"] = "localhost"
            if addingVia { fields["Via"] = [fields["Via"], "1.1 proxy"].compactMap(\.self).joined(separator: ", ") }
            guard
                let answer = try? RawClient(port: port.current, timeout: .hang).request(
                    request.method, request.target, fields)
            else { return Replies.error(502, "no answer") }
            return .response(
                status: answer.status, fields: ["Content-Type": "application/json"], body: .bytes(answer.body))
        }
    }

    @Test(arguments: [
        ("GET", "/v1/models"), ("GET", "/v1/models/count"), ("GET", "/v1/models/user"), ("GET", "/v1/providers"),
        ("GET", "/v1/model/acme/anvil"), ("GET", "/v1/models?category=programming"), ("GET", "/v1/key"),
        ("POST", "/v1/chat/completions"), ("OPTIONS", "/v1/key"),
    ])
    func `a request that comes back is answered by 508 after one round`(method: String, target: String) throws {
        for addingVia in [false, true] {
            let port = Monitor<UInt16>(0)
            let origin = try Self.relay(to: port, addingVia: addingVia)
            try LiveLarder.serving(before: origin) { larder throws in
                port.withValue { $0 = larder.port }
                let answer = try larder.request(method, target, ["Authorization": "Bearer sk-key"])
                #expect(answer.status == 508, "\(answer.text)")
                #expect(answer.text.contains("leads to Larder itself"))
                #expect(origin.requests.count == 1)
            }
        }
    }

    @Test(arguments: ["/v1/models", "/v1/key", "/v1/providers"])
    func `two Larders in a ring see it too`(target: String) throws {
        let (reservation, second) = try TestSocket.bound()
        defer { reservation.close() }
        try LiveLarder.serving(upstream: "http://127.0.0.1:\(second)/api/v1") { first throws in
            try LiveLarder.serving(upstream: "http://127.0.0.1:\(first.port)/api/v1") {
                $0.listen = [.tcp(host: "127.0.0.1", port: Int(second))]
            } _: { other throws in
                let answer = try first.get(target, key: "sk-first")
                #expect(answer.status == 508, "\(answer.text)")
                // The other one has seen it too, and may back off for a while.
                let again = try other.get(target, key: "sk-other")
                #expect(again.status == 508 || again.status == 503, "\(again.text)")
            }
        }
    }

    @Test func `Larders in a row are no ring, and each has a name of its own`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { first throws in
            try LiveLarder.serving(upstream: "http://127.0.0.1:\(first.port)/api/v1") { second throws in
                #expect(try second.get("/models", ["Via": "1.1 larder-00000000"]).text.contains("acme/anvil"))
                #expect(try second.get("/key", ["Via": "1.1 larder"]).status != 508)
            }
        }
        let chain = try #require(origin.requests.first?.fields["Via"])
        let hops = chain.split(separator: ", ")
        #expect(hops.count == 3 && hops[0] == "1.1 larder-00000000" && Set(hops).count == 3, "\(chain)")
        #expect(hops.allSatisfy { $0.hasPrefix("1.1 larder-") && $0.count == 19 })
    }
}
