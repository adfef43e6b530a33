import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// What a service manager and a log reader see of the process.
@Suite(.timeLimit(.minutes(300))) struct HealthTests {
    @Test func `it is ready when the first catalogue is there`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { .held(gate, Replies.wellBehaved($0)) }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_UPSTREAM_WARM_UP": "true"])
        try gate.waitForArrivals(1)
        #expect(try larder.get("/readyz").status == 503)
        #expect(try larder.get("/readyz").text == #"{"status":"warming up"}"#)
        #expect(try larder.get("/healthz").status == 200)
        gate.open()
        try eventually("it is ready") { try larder.get("/readyz").status == 200 }
        #expect(try larder.get("/models").fields["Cache-Status"]?.contains("hit") == true)
        try larder.end()
    }

    @Test(arguments: ["true", "false"])
    func `it is not ready while upstream cannot be reached and there is no catalogue`(warmUp: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        // It keeps the port for as long as it exists.
        defer { origin.stop() }
        let port = origin.port
        origin.stop()
        let environment = [
            "LARDER_UPSTREAM_WARM_UP": warmUp, "LARDER_TTL_CATALOG": "100ms", "LARDER_WORKERS": "2",
            "LARDER_STALE_WHILE_REVALIDATE": "0s", "LARDER_STALE_IF_ERROR": "0s",
        ]
        let larder = try LarderProcess.serve(before: origin, environment: environment)
        _ = try larder.get("/models")
        try eventually("it is not ready") { try larder.get("/readyz").status == 503 }
        #expect(try larder.get("/healthz").status == 200)
        let back = try ScriptedOrigin(port: port, Replies.wellBehaved)
        try eventually("it has a catalogue") { try larder.get("/models").status == 200 }
        try eventually("it is ready") { try larder.get("/readyz").status == 200 }
        // With a catalogue it stays ready, whatever becomes of upstream.
        back.stop()
        try eventually("upstream fails") { try larder.get("/models").status != 200 }
        #expect(try larder.get("/readyz").status == 200)
        try larder.end()
    }

    @Test func `it becomes ready when upstream is back, without a request for the catalogue`() throws {
        let isDown = Monitor(true)
        let origin = try ScriptedOrigin { isDown.current ? .reset : Replies.wellBehaved($0) }
        let change = { (settings: inout Settings) in
            settings.workers = 3
            settings.upstream.warmUp = true
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            try eventually("it is not ready") { try larder.get("/readyz").text.contains("no catalogue") }
            let before = origin.requests.count
            try eventually("it tries again", within: .hang) { origin.requests.count > before }
            #expect(try larder.get("/readyz").status == 503)
            isDown.withValue { $0 = false }
            try eventually("it is ready", within: .hang) { try larder.get("/readyz").status == 200 }
            #expect(try larder.get("/models?output_modalities=all").isHit)
        }
    }

    @Test(arguments: [
        Replies.error(429, "Slow", ["Retry-After": "30"]), Replies.error(503), Replies.error(404), Replies.error(408),
        .response(status: 403, fields: ["Content-Type": "text/html"], body: .text("<html>")),
        .response(status: 404, fields: ["Content-Type": "text/html"], body: .text("<html>")),
        Replies.body(Array("<html>".utf8)), .reset,
    ])
    func `it is not ready while there is no catalogue and the last fetch of one failed, whatever the reason`(
        failure: OriginReply
    ) throws {
        let isFailing = Monitor(true)
        let origin = try ScriptedOrigin { isFailing.current ? failure : Replies.wellBehaved($0) }
        try LiveLarder.serving(
            before: origin,
            {
                $0.workers = 2
                $0.upstream.warmUp = true
                $0.ttl.negative = .milliseconds(1)
            }
        ) { larder throws in
            try eventually("it is not ready") {
                try larder.get("/readyz").text.contains("no catalogue")
            }
            isFailing.withValue { $0 = false }
            // Another key is not paused by a status; a failed connection pauses everyone for a second.
            try eventually("it has a catalogue") { try larder.get("/models", key: "anna").status == 200 }
            try eventually("it is ready") { try larder.get("/readyz").status == 200 }
            // Until it is thrown out, and the next attempt fails too.
            isFailing.withValue { $0 = true }
            #expect(try larder.request("POST", "/_larder/purge?catalog=1").status == 200)
            _ = try larder.get("/models", key: "bert")
            try eventually("it is not ready") { try larder.get("/readyz").status == 503 }
        }
    }

    @Test func `no key is in any line of the log, at whatever level`() throws {
        let canary = "sk-or-v1-canary0123456789"
        let isDown = Monitor(false)
        let origin = try ScriptedOrigin { isDown.current ? Replies.error(500) : Replies.wellBehaved($0) }
        let larder = try LarderProcess.serve(
            before: origin,
            environment: ["LARDER_LOG_LEVEL": "trace", "LARDER_WORKERS": "2", "LARDER_TTL_NEGATIVE": "0s"])
        for isDownNow in [false, true] {
            isDown.withValue { $0 = isDownNow }
            for target in ["/models", "/models/user", "/models?category=x", "/model/a/b:nitro", "/model/no/such", "/x"]
            {
                for field in ["Bearer \(canary)", canary, "Basic \(canary)"] {
                    _ = try larder.get(target, ["Authorization": field, "Cache-Control": "no-cache"])
                }
            }
        }
        try larder.end()
        let lines = larder.child.lines()
        #expect(lines.contains { $0.contains("fetched") })
        #expect(lines.contains { $0.contains("failed") })
        #expect(!lines.contains { $0.contains("canary") })
        #expect(origin.requests.contains { $0.key == canary })
    }

    @Test func `the memory stays near its bound, however much is asked for`() throws {
        let filler = String(repeating: "f", count: 50_000)
        let origin = try ScriptedOrigin { request in
            if request.path.contains("/model/") { return Replies.error(404, filler) }
            return request.query == "output_modalities=all" ? Replies.catalogue() : Replies.list([filler])
        }
        let larder = try LarderProcess.serve(
            before: origin,
            environment: ["LARDER_CACHE_MAX_BYTES": "8MiB", "LARDER_WORKERS": "2"])
        let client = try RawClient(port: larder.port)
        let ask = { (range: Range<Int>) throws in
            for number in range {
                #expect(try client.get("/models?category=\(number)").status == 200)
                #expect(try client.get("/model/author/\(number)").status == 404)
            }
        }
        try ask(0..<300)
        let before = try larder.residentBytes()
        // A hundred megabytes go by.
        try ask(300..<1300)
        let after = try larder.residentBytes()
        if !Sanitizer.isAddress { #expect(after - before < 12 << 20, "\(before) became \(after)") }
        #expect(try client.get("/models").fields["Cache-Status"]?.contains("hit") == true)
        client.close()
        try larder.end()
    }
}
