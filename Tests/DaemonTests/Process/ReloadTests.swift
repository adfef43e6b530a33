import Foundation
import Glibc
import Synchronization
import TestSupport
import Testing

/// What SIGHUP does.
@Suite(.timeLimit(.minutes(300))) struct ReloadTests {
    private static let fresh = "log.access = false\nttl.catalog = \"1h\"\n"

    @Test(arguments: ["1", "4"])
    func `under load no request fails, no connection is lost and nothing is fetched again`(workers: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, Self.fresh, environment: ["LARDER_WORKERS": workers])
        #expect(try larder.get("/models").status == 200)
        let port = larder.process.port
        let isOver = Atomic(false)
        let answered = Atomic(0)
        let failures = Monitor<[String]>([])
        let ended = Monitor(0)
        for _ in 0..<4 {
            startThread {
                do {
                    let client = try RawClient(port: port, timeout: .hang)
                    while !isOver.load(ordering: .relaxed) {
                        let answer = try client.get("/models?limit=2")
                        if answer.status != 200 { failures.withValue { $0.append("\(answer.status)") } }
                        answered.wrappingAdd(1, ordering: .relaxed)
                        usleep(500)
                    }
                    client.close()
                } catch {
                    failures.withValue { $0.append("\(error)") }
                }
                ended.withValue { $0 += 1 }
            }
        }
        for turn in 0..<30 {
            try larder.reload(
                Self.fresh
                    + "stale.if_error = \"\(turn + 1)h\"\nserver.cors = \(turn % 2 == 0)\nserver.header_timeout = \"\(turn + 60)s\""
            )
        }
        isOver.store(true, ordering: .relaxed)
        #expect(ended.wait(.hang) { $0 == 4 ? true : nil } == true)
        #expect(failures.current.isEmpty, "\(failures.current.prefix(3))")
        #expect(answered.load(ordering: .relaxed) > 30)
        #expect(origin.requests.count == 1)
        try larder.process.end()
    }

    @Test func `a changed lifetime counts for what is stored as well`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, "stale.while_revalidate = \"0s\"")
        #expect(try larder.get("/models").fields["Cache-Control"]?.contains("max-age=300") == true)
        let lines = try larder.reload("stale.while_revalidate = \"0s\"\n[ttl]\ncatalog = \"2h\"")
        #expect(lines.contains { $0.contains(#""event":"reloaded""#) && $0.contains("changed ttl.catalog") })
        let longer = try larder.get("/models")
        #expect(longer.isHit && longer.fields["Cache-Control"]?.contains("max-age=7200") == true, "\(longer.fields)")
        #expect(origin.requests.count == 1)
        try larder.reload("stale.while_revalidate = \"0s\"\n[ttl]\ncatalog = \"0s\"")
        for count in 2...3 {
            #expect(try larder.get("/models").status == 200)
            #expect(origin.requests.count == count)
        }
        try larder.process.end()
    }

    @Test func `how recent a copy must be for a forced refresh counts from the next request on`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, "ttl.no_cache = \"1h\"", environment: ["LARDER_WORKERS": "2"])
        _ = try larder.get("/models")
        let directive: MessageFields = ["Cache-Control": "no-cache"]
        #expect(try larder.get("/models", directive).cacheStatus.hasSuffix("; detail=recent"))
        let lines = try larder.reload("ttl.no_cache = \"0s\"")
        #expect(lines.contains { $0.contains("changed ttl.no_cache") })
        #expect(try larder.get("/models", directive).cacheStatus.hasPrefix("larder; fwd=request"))
        try larder.reload("ttl.no_cache = \"1h\"")
        #expect(try larder.get("/models", directive).cacheStatus.hasSuffix("; detail=recent"))
        #expect(origin.requests.count == 2)
        try larder.process.end()
    }

    @Test func `what outlives the process is fresh for no longer than the settings say by then`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let folder = "/tmp/larder-reload-\(UInt64.random(in: 0 ... .max))"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let keeping = ["--state-dir", folder]
        let first = try ReloadingLarder(before: origin, "ttl.catalog = \"1h\"", keeping)
        #expect(try first.get("/models").status == 200)
        try first.process.end()
        for (lifetime, shown) in [("2h", 3600), ("30m", 1800)] {
            let next = try ReloadingLarder(before: origin, "ttl.catalog = \"\(lifetime)\"", keeping)
            let answer = try next.get("/models")
            #expect(answer.isHit && answer.fields["Cache-Control"]?.contains("max-age=\(shown)") == true)
            try next.process.end()
        }
        #expect(origin.requests.count == 1)
    }

    @Test(arguments: [
        ("[ttl]\ncatalog = \"soon\"", ["ttl.catalog", "soon", "line 3"]),
        ("ttl.catalog = \"1h\"\nttl.catalogue = \"5m\"", ["ttl.catalogue", "line 3", "did you mean `ttl.catalog`?"]),
        ("[ttl", ["not valid TOML"]),
        ("upstream.ca_file = \"/proc/self/cmdline\"", ["CA file /proc/self/cmdline"]),
    ])
    func `bad settings are refused as a whole with the line that says why`(text: String, words: [String]) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, Self.fresh)
        #expect(try larder.get("/models").status == 200)
        let lines = try larder.reload("server.cors = false\n" + text)
        let refusals = lines.filter { $0.contains(#""event":"reload-refused""#) && $0.contains(#""level":"error""#) }
        #expect(refusals.count == 1)
        for word in words { #expect(refusals.first?.contains(word) == true, "\(lines)") }
        let answer = try larder.get("/models")
        #expect(answer.isHit && answer.fields["Access-Control-Allow-Origin"] == "*")
        #expect(answer.fields["Cache-Control"]?.contains("max-age=3600") == true)
        // The same words as at the start; a demo reads no certificates.
        if !text.contains("ca_file") {
            let start = try LarderProcess.run(["serve", "--demo", "--no-state", "--config", larder.file])
            let said = start.error.replacing("larder: ", with: "").replacing("\"", with: "\\\"")
            #expect(start.ending == .exited(78) && refusals.first?.contains(said) == true, "\(start)")
        }
        try larder.process.end()
    }

    @Test func `the environment goes over the file and a flag over both, as at the start`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, Self.fresh, environment: ["LARDER_TTL_CATALOG": "2h"])
        let lines = try larder.reload("ttl.catalog = \"3h\"\nttl.model = \"1s\"\nupstream.url = \"http://127.0.0.1:9\"")
        #expect(lines.contains { $0.contains("changed ttl.model, log.access\"") })
        #expect(!lines.contains { $0.contains("restart") })
        #expect(try larder.get("/models").fields["Cache-Control"]?.contains("max-age=7200") == true)
        try larder.process.end()
    }

    @Test func `the level of the log changes, and so does whether requests are logged`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(
            before: origin, "log.level = \"info\"\nlog.access = false", environment: ["LARDER_WORKERS": "1"])
        func lines(_ event: String) -> Int {
            larder.process.child.lines(.error).count { $0.contains("\"event\":\"\(event)\"") }
        }
        #expect(try larder.get("/models").status == 200)
        try larder.process.child.waitForLine(containing: #""event":"fetched""#)
        #expect(lines("access") == 0)
        try larder.reload("log.level = \"info\"")
        #expect(try larder.get("/models").status == 200)
        try larder.process.child.waitForLine(containing: #""path":"/models""#)
        // Neither requests nor fetches are told of at this level, nor that it has changed.
        try "log.level = \"error\"\nserver.cors = false".write(toFile: larder.file, atomically: true, encoding: .utf8)
        larder.process.child.signal(SIGHUP)
        try eventually("it is read") { try larder.get("/healthz?quiet").status == 200 && !larder.allowsOthers() }
        #expect(try larder.get("/providers").status == 404)
        try larder.process.end()
        // By its end all lines are written.
        #expect(!larder.process.child.lines(.error).contains { $0.contains("/providers") })
    }

    @Test func `less memory for the cache is less at once`() throws {
        let origin = try ScriptedOrigin { request in
            request.path.hasSuffix("/endpoints")
                ? Replies.body(Array("{\"data\":\"\(String(repeating: "x", count: 64 << 10))\"}".utf8))
                : Replies.wellBehaved(request)
        }
        let larder = try ReloadingLarder(before: origin, Self.fresh, environment: ["LARDER_WORKERS": "1"])
        for number in 0..<48 { #expect(try larder.get("/models/a/b\(number)/endpoints").status == 200) }
        #expect(try larder.cacheFigure("bytes") > 3 << 20)
        try larder.reload(Self.fresh + "cache.max_bytes = \"1MiB\"")
        #expect(try larder.cacheFigure("max_bytes") == 1 << 20)
        #expect(try larder.cacheFigure("bytes") <= 1 << 20)
        #expect(try larder.cacheFigure("entries") > 0)
        try larder.process.end()
    }

    @Test func `copies for everyone go when they may not be shared any more`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, Self.fresh)
        for key in ["one", "two"] {
            #expect(try larder.get("/models", ["Authorization": "Bearer \(key)"]).status == 200)
        }
        #expect(origin.requests.count == 1)
        try larder.reload(Self.fresh + "cache.share = \"never\"")
        for key in ["one", "two", "one"] {
            #expect(try larder.get("/models", ["Authorization": "Bearer \(key)"]).status == 200)
        }
        #expect(origin.requests.map(\.key) == ["one", "one", "two"])
        try larder.process.end()
    }

    @Test func `a filter that is left to upstream is so from the next request on`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, Self.fresh)
        for _ in 0..<2 { #expect(try larder.get("/models?q=a").status == 200) }
        #expect(origin.requests.count == 1)
        try larder.reload(Self.fresh + "filters.upstream = [\"q\"]")
        #expect(try larder.get("/models?q=a").status == 200)
        #expect(origin.targets.last?.contains("q=a") == true)
        let count = origin.requests.count
        try larder.reload(Self.fresh)
        #expect(try larder.get("/models?q=a").status == 200)
        #expect(origin.requests.count == count)
        try larder.process.end()
    }

    @Test func `fetches under way end as they began, and the next ones have the new limits`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { .held(gate, Replies.wellBehaved($0)) }
        let larder = try ReloadingLarder(before: origin, "upstream.timeout = \"5m\"")
        let first = try RawClient(port: larder.process.port, timeout: .hang)
        try first.sendRequest("GET", "/models")
        let stream = try RawClient(port: larder.process.port, timeout: .hang)
        try stream.sendRequest("GET", "/key")
        try gate.waitForArrivals(2)
        try larder.reload("upstream.timeout = \"50ms\"")
        #expect(try larder.get("/providers").status == 504)
        gate.open()
        #expect(try first.readResponse().status == 200)
        #expect(try stream.readResponse().status == 404)
        first.close()
        stream.close()
        try larder.process.end()
    }

    @Test func `bounds for clients hold for new connections`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, Self.fresh)
        let long = "/models?q=" + String(repeating: "a", count: 200)
        #expect(try larder.get(long).status == 200)
        #expect(try larder.get("/models", ["Host": "larder.lan"]).status == 421)
        try larder.reload(
            Self.fresh
                + "server.max_target_bytes = 100\nserver.allowed_hosts = [\"larder.lan\"]\nserver.idle_timeout = \"50ms\""
        )
        #expect(try larder.get(long, ["Host": "larder.lan"]).status == 414)
        let client = try RawClient(port: larder.process.port, timeout: .hang)
        #expect(try client.get("/models", ["Host": "larder.lan"]).status == 200)
        // A connection without a request is closed much sooner than after the 75 s that it was at the start.
        #expect(try client.readToEnd().isEmpty)
        client.close()
        try larder.process.end()
    }

    @Test func `those who wait for room get in when there is more`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { request in
            guard request.path.hasSuffix("/chat/completions") else { return Replies.wellBehaved(request) }
            let body = OriginBody.gated(Array("data: first\n\n".utf8), gate, Array("data: last\n\n".utf8))
            return .response(status: 200, fields: ["Content-Type": "text/event-stream"], body: body)
        }
        let larder = try ReloadingLarder(
            before: origin, Self.fresh + "server.max_connections = 8", environment: ["LARDER_WORKERS": "1"])
        let port = larder.process.port
        // A connection with a stream makes no room.
        let streams = try (0..<8).map { _ in
            let stream = try RawClient(port: port, timeout: .hang)
            try stream.sendRequest("POST", "/chat/completions", body: Array("{}".utf8))
            #expect(try stream.readHead().status == 200)
            return stream
        }
        let waiting = try RawClient(port: port, timeout: .hang)
        try waiting.sendRequest("GET", "/models/count")
        try larder.process.child.waitForLine(containing: #""event":"connections-full""#)
        try larder.reload(Self.fresh + "server.max_connections = 30")
        #expect(try waiting.readResponse().status == 200)
        gate.open()
        for client in streams + [waiting] { client.close() }
        try larder.process.end()
    }

    @Test func `what needs a restart is named, and the rest takes effect`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, Self.fresh)
        try larder.reload(
            "workers = 7\nlog.format = \"text\"\nserver.cors = false\nstate.dir = \"/tmp/larder-never\"\n" + Self.fresh)
        // It is written after what a reload waits for.
        let warning = try larder.process.child.waitForLine(containing: #""event":"restart-needed""#)
        #expect(warning.contains(#""level":"warning""#))
        #expect(warning.contains("only after a restart: workers, state.dir, log.format\""), "\(warning)")
        #expect(larder.process.child.lines(.error).contains { $0.contains("changed server.cors\"") })
        #expect(try larder.get("/models").fields["Access-Control-Allow-Origin"] == nil)
        // What has not changed since is not reported again.
        try larder.reload(Self.fresh)
        try larder.process.end()
        #expect(larder.process.child.lines(.error).count { $0.contains("restart-needed") } == 1)
    }

    @Test func `the service manager is told, whether they were good or bad`() throws {
        let manager = try NotifyReceiver()
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(
            before: origin, Self.fresh, environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "1000000"])
        try manager.waitFor("READY=1")
        try larder.reload()
        try manager.waitFor("READY=1", count: 2)
        try larder.reload("nonsense")
        try manager.waitFor("READY=1", count: 3)
        let serving = "STATUS=Serving on http://127.0.0.1:\(larder.process.port)"
        let refused = "READY=1\n\(serving); new settings are invalid, keeping the old ones"
        #expect(manager.messages.last { $0.hasPrefix("READY=1") } == refused, "\(manager.messages)")
        try larder.reload(Self.fresh)
        try manager.waitFor("READY=1", count: 4)
        #expect(manager.messages.last { $0.hasPrefix("READY=1") } == "READY=1\n\(serving)")
        let messages = manager.messages.filter { !$0.contains("WATCHDOG=1") }.map { $0.prefix { $0 != "=" } }
        let expected = ["READY"] + Array(repeating: ["RELOADING", "READY"], count: 3).joined()
        #expect(messages.filter { $0 != "STATUS" } == expected.map { $0[...] })
        #expect(manager.messages.contains { $0.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") })
        try larder.process.end()
    }

    @Test func `sockets that were handed over stay, whatever the settings say`() throws {
        let (tcp, port) = try TestSocket.listen()
        defer { tcp.close() }
        let larder = try LarderProcess.serve(on: [tcp])
        larder.child.signal(SIGHUP)
        try larder.child.waitForLine(containing: "nothing changed")
        #expect(!larder.child.lines().contains { $0.contains("restart") })
        #expect(try RawClient.get(port: port, "/models").status == 200)
        try larder.end()
    }

    @Test func `while it drains the settings are not read`() throws {
        let gate = OriginGate()
        let origin = try ScriptedOrigin { .held(gate, Replies.wellBehaved($0)) }
        let larder = try ReloadingLarder(
            before: origin, Self.fresh,
            environment: ["LARDER_UPSTREAM_TIMEOUT": "5m", "LARDER_SERVER_DRAIN_TIMEOUT": "5m"])
        let client = try RawClient(port: larder.process.port)
        try client.sendRequest("GET", "/models")
        try gate.waitForArrivals(1)
        larder.process.child.signal(SIGTERM)
        try larder.process.child.waitForLine(containing: "draining")
        larder.process.child.signal(SIGHUP)
        gate.open()
        #expect(try client.readResponse().status == 200)
        client.close()
        try larder.process.child.expectExit()
        #expect(!larder.process.child.lines().contains { $0.contains("reload") })
    }

    @Test func `two hundred reloads cost no descriptor and hardly any memory`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try ReloadingLarder(before: origin, Self.fresh, environment: ["LARDER_WORKERS": "2"])
        func turn(_ number: Int) throws {
            // A client of upstream for each, and answers made anew.
            try larder.reload(
                """
                log.access = false
                ttl.catalog = "\(1 + number % 2)h"
                filters.upstream = [\(number % 2 == 0 ? "\"q\"" : "")]
                upstream.timeout = "\(10 + number % 2)s"
                upstream.ca_file = "\(Self.authorities)"
                log.level = "\(number % 2 == 0 ? "info" : "debug")"
                server.max_connections = \(1000 + number)
                """)
            #expect(try larder.get("/models?limit=1").status == 200)
            #expect(try larder.get("/providers?n=\(number % 2)").status == 404)
        }
        for number in 0..<20 { try turn(number) }
        let (descriptors, bytes) = (try larder.descriptors(), try larder.process.residentBytes())
        for number in 20..<220 { try turn(number) }
        try eventually("the descriptors are those from before") { try larder.descriptors() <= descriptors + 1 }
        let grown = try larder.process.residentBytes() - bytes
        print("memory: 200 reloads: \(grown >> 10) KiB")
        if !Sanitizer.isAddress { #expect(grown < 8 << 20) }
        try larder.process.end()
    }

    private static let authorities = "/etc/ssl/certs/ca-certificates.crt"
}
