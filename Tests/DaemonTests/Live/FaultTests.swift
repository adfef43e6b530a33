import Daemon
import Settings
import TestSupport
import Testing

/// What the first caller is told when upstream fails, and that nothing of it stays.
@Suite(.timeLimit(.minutes(300))) struct FaultTests {
    /// One way to fail, and what the caller has to be told of it.
    struct Fault: CustomTestStringConvertible {
        let testDescription: String
        let reply: OriginReply
        let status: Int
        /// What stands behind `fwd=miss` in `Cache-Status`.
        let detail: String

        init(_ name: String, _ reply: OriginReply, _ status: Int = 502, detail: String) {
            testDescription = name
            self.reply = reply
            self.status = status
            self.detail = detail
        }
    }

    private static func text(_ body: String) -> OriginReply { Replies.body(Array(body.utf8)) }

    private static func cut(_ body: OriginBody) -> OriginReply {
        .response(status: 200, fields: Replies.shared, body: body)
    }

    static let half = Array(SampleCatalogue.json.prefix(2000))

    static let faults = [
        Fault("closes without a word", .close, detail: "detail=cut"),
        Fault("resets", .reset, detail: "detail=cut"),
        Fault("hangs before the head", .hang, 504, detail: "detail=timeout"),
        Fault("hangs in the body", cut(.hanging(after: half, declared: 5000)), 504, detail: "detail=timeout"),
        Fault("is cut before its length", cut(.cut(after: half, declared: 5000)), detail: "detail=cut"),
        Fault("is cut between chunks", cut(.cutChunks([half, half])), detail: "detail=cut"),
        Fault("ends with the connection, half way", cut(.untilClose(half)), detail: "fwd-status=200; detail=unusable"),
        Fault("does not speak HTTP", .garbage(Array("SSH-2.0-OpenSSH\r\n".utf8)), detail: "detail=unusable"),
        Fault("sends bytes", .garbage([0, 1, 2, 255, 254]), detail: "detail=unusable"),
        Fault(
            "has too long a head",
            .response(status: 200, fields: ["X-Long": String(repeating: "a", count: 400_000)], body: .text("{}")),
            detail: "detail=unusable"),
        Fault("sends no JSON", text("<html>busy</html>"), detail: "fwd-status=200; detail=unusable"),
        Fault("sends nothing", text(""), detail: "fwd-status=200; detail=unusable"),
        Fault("sends an array", text("[]"), detail: "fwd-status=200; detail=unusable"),
        Fault("sends no data", text(#"{"models":[]}"#), detail: "fwd-status=200; detail=unusable"),
        Fault("sends data of another type", text(#"{"data":{}}"#), detail: "fwd-status=200; detail=unusable"),
        Fault("sends rows of another type", text(#"{"data":[1]}"#), detail: "fwd-status=200; detail=unusable"),
        Fault("sends a row without an id", text(#"{"data":[{}]}"#), detail: "fwd-status=200; detail=unusable"),
        Fault("has no models", text(#"{"data":[]}"#), detail: "fwd-status=200; detail=unusable"),
        Fault("sends JSON and more", text(#"{"data":[{"id":"a/b"}]}}"#), detail: "fwd-status=200; detail=unusable"),
        Fault("fails", Replies.error(500), detail: "fwd-status=500; detail=unusable"),
        Fault("is a gateway that fails", Replies.error(503), detail: "fwd-status=503; detail=unusable"),
        Fault("sends no content", .status(204), detail: "fwd-status=204; detail=unusable"),
        Fault("says that nothing has changed", .status(304), detail: "fwd-status=304; detail=unusable"),
        Fault(
            "sends another elsewhere", .status(302, ["Location": "http://127.0.0.2:1/models"]),
            detail: "detail=unusable"
        ),
        Fault(
            "sends 50 MB", .response(status: 200, fields: [:], body: .repeated(32, count: 50_000_000)),
            detail: "detail=unusable"),
    ]

    @Test(arguments: faults)
    func `a failure is told, harms nothing else, is not repeated at once, and passes by itself`(fault: Fault) throws {
        let isBroken = Monitor(true)
        let origin = try ScriptedOrigin { request in
            if request.query == "feed=good&use_rss=true" { return Replies.list(["good/model"]) }
            return isBroken.current ? fault.reply : Replies.catalogue()
        }
        let change = { (settings: inout Settings) in
            // The list below has to come within it.
            if fault.status == 504 { settings.upstream.timeout = .seconds(5) }
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            let client = try larder.connect()
            #expect(try client.get("/models?use_rss=true&feed=good").status == 200)

            let failed = try client.get("/models")
            #expect(failed.status == fault.status)
            #expect(failed.cacheStatus == "larder; fwd=miss; \(fault.detail)")
            #expect(failed.text.hasPrefix(#"{"error":{"code":\#(fault.status),"message":""#), "\(failed.text)")
            #expect(failed.fields["Content-Type"] == "application/json")
            #expect(failed.fields["Cache-Control"] == "no-store")
            let asked = origin.requests.count

            let refused = try client.get("/models/count")
            if refused.status == 503 {
                #expect(refused.cacheStatus == "larder; detail=backing-off")
                #expect(refused.fields["Retry-After"] == "1")
                #expect(refused.text.hasPrefix(#"{"error":{"code":503,"message":""#))
                #expect(origin.requests.count == asked)
            }
            #expect(try client.get("/models?use_rss=true&feed=good").isHit)

            isBroken.withValue { $0 = false }
            try eventually("it recovers") { try client.get("/models").status == 200 }
            #expect(try client.get("/models").isHit)
            #expect(origin.requests.count <= asked + 2)
        }
    }

    @Test func `an upstream that is not there is told as such, and found again when it comes back`() throws {
        let (reservation, port) = try TestSocket.bound()
        defer { reservation.close() }
        try LiveLarder.serving(upstream: "http://127.0.0.1:\(port)/api/v1") { larder throws in
            let answer = try larder.get("/models")
            #expect(answer.status == 502)
            #expect(answer.cacheStatus == "larder; fwd=miss; detail=unreachable")
            #expect(answer.text.hasPrefix(#"{"error":{"code":502,"message":"upstream cannot be reached"#))
            // On a slow machine a pause may be over before the next request. The next pause is twice as long.
            try eventually("it is left alone") { try larder.get("/models").status == 503 }
            let origin = try ScriptedOrigin(port: port, Replies.wellBehaved)
            try eventually("it recovers") { try larder.get("/models").status == 200 }
            #expect(origin.requests.count == 1)
        }
    }

    @Test func `too many requests are relayed with upstream's own words, and its pause is kept`() throws {
        let origin = try ScriptedOrigin { _ in Replies.error(429, "Slow down", ["Retry-After": "3000"]) }
        try LiveLarder.serving(before: origin) { larder throws in
            let began = ContinuousClock.now
            let answer = try larder.get("/models", key: "sk-1")
            #expect(answer.status == 429)
            #expect(answer.fields["Retry-After"] == "3000")
            #expect(answer.text == #"{"error":{"code":429,"message":"Slow down"}}"#)
            #expect(answer.cacheStatus.hasPrefix("larder; fwd=miss; fwd-status=429"))
            let next = try larder.get("/models", key: "sk-1")
            #expect(next.status == 503)
            let passed = Int((ContinuousClock.now - began) / .seconds(1))
            let left = try #require(Int(next.fields["Retry-After"] ?? ""))
            #expect((2999 - passed...3000).contains(left))
        }
        #expect(origin.requests.count == 1)
    }

    @Test(arguments: [402, 410, 418, 451])
    func `another refusal of upstream's is relayed as it came and not kept`(status: Int) throws {
        let isBroken = Monitor(true)
        let origin = try ScriptedOrigin { _ in
            isBroken.current ? Replies.error(status, "Its own words") : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/models")
            #expect(answer.status == status)
            #expect(answer.text == #"{"error":{"code":\#(status),"message":"Its own words"}}"#)
            #expect(answer.fields["Cache-Control"] == "no-store")
            isBroken.withValue { $0 = false }
            try eventually("it recovers") { try larder.get("/models").status == 200 }
        }
    }

    @Test func `a wish to come back later is kept to the second`() throws {
        let origin = try ScriptedOrigin { request in
            request.number == 1 ? Replies.error(503, "Busy", ["Retry-After": "2"]) : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let began = ContinuousClock.now
            let answer = try larder.get("/models")
            #expect(answer.status == 502 && answer.fields["Retry-After"] == "2")
            try eventually("it recovers") { try larder.get("/models").status == 200 }
            #expect(ContinuousClock.now - began > .milliseconds(1900))
        }
    }

    @Test(arguments: ["/models/user", "/model/no/such", "/models?use_rss=true&feed=x", "/models/count?category=x"])
    func `every resource tells its failures and recovers from them`(target: String) throws {
        let isBroken = Monitor(true)
        let origin = try ScriptedOrigin { request in
            if request.query == "output_modalities=all", !request.path.hasSuffix("/user") { return Replies.catalogue() }
            if isBroken.current { return Self.text(#"{"unexpected":true}"#) }
            if request.path.contains("/model/") { return Replies.model("no/such") }
            return request.path.hasSuffix("/count") ? Self.text(#"{"data":{"count":3}}"#) : Replies.list(["a/b"])
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get(target, key: "sk-1")
            #expect(answer.status == 502)
            #expect(answer.cacheStatus == "larder; fwd=miss; fwd-status=200; detail=unusable")
            isBroken.withValue { $0 = false }
            try eventually("it recovers") { try larder.get(target, key: "sk-1").status == 200 }
            #expect(try larder.get(target, key: "sk-1").isHit)
        }
    }
}
