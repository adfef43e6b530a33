import Foundation
import TestSupport
import Testing

/// The commands that ask a running Larder about itself, as a shell sees them.
@Suite(.timeLimit(.minutes(300))) struct RunningCommandTests {
    @Test func `check reports every mistake, one a line`() throws {
        let result = try LarderProcess.run(
            ["check"],
            environment: [
                "LARDER_TTL_CATALOG": "soon", "LARDER_WORKERS": "0", "LARDER_TTL_CATALOGUE": "1m",
                "LARDER_UPSTREAM_PROXY": "ftp://user:hunter2@proxy",
            ])
        #expect(result.ending == .exited(78) && result.output.isEmpty)
        let lines = result.error.split(separator: "\n")
        #expect(lines.count == 4 && lines.allSatisfy { $0.hasPrefix("larder: ") }, "\(result.error)")
        for name in ["ttl.catalog", "workers", "LARDER_TTL_CATALOGUE", "upstream.proxy"] {
            #expect(lines.count { $0.contains(name) } >= 1, "\(name)")
        }
        #expect(!result.error.contains("hunter2"))
    }

    /// A shell with the program as `$0`.
    private static func shell(_ script: String) throws -> (output: String, error: String) {
        let (_, output, error) = try ChildProcess.run(
            "/bin/sh", ["-c", script, LarderProcess.path], environment: LarderProcess.environment())
        return (output, error)
    }

    @Test func `output that cannot be written is a failure`() throws {
        let full = try Self.shell(#""$0" check >/dev/full; echo "exit $?""#)
        #expect(full.output == "exit 1")
        #expect(full.error == "larder: cannot write to standard output: no space left on device")
        // Signals are ignored as in a unit of systemd, whose commands see the end of a pipe as an error.
        let script = #"trap '' PIPE; { while echo x 2>/dev/null; do :; done; "$0" check; echo "exit $?" >&2; } | true"#
        let closed = try Self.shell(script)
        #expect(closed.error == "exit 1")
    }

    @Test func `an upgrade does not believe a process that has taken another one's name`() throws {
        let script = """
            import os, signal, socket
            name = f"\\0larder-upgrade-{os.getppid()}"
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            listener.bind(name)
            listener.listen()
            print("listening", flush=True)
            listener.accept()[0].send(b"1")
            signal.pause()
            """
        let impostor = try ChildProcess("/usr/bin/python3", ["-c", script])
        try impostor.waitForLine(containing: "listening")
        let result = try LarderProcess.run(["upgrade", "--pid", "\(ProcessInfo.processInfo.processIdentifier)"])
        #expect(result.ending == .exited(1) && result.output.isEmpty)
        #expect(result.error.contains("another process answers in its name"), "\(result.error)")
        impostor.signal(SIGKILL)
    }

    @Test func `check loads the file of certificates`() throws {
        let path = "/tmp/larder-ca-\(UInt64.random(in: 0 ... .max)).pem"
        try "no certificate".write(toFile: path, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let result = try LarderProcess.run(["check"], environment: ["LARDER_UPSTREAM_CA_FILE": path])
        #expect(result.ending == .exited(78) && result.error.contains("there is no certificate in the CA file \(path)"))
    }

    @Test func `the settings in effect are shown with their origins and without secrets`() throws {
        let larder = try LarderProcess.serve(
            ["--demo", "--workers", "2"],
            environment: ["LARDER_UPSTREAM_PROXY": "http://user:hunter2@127.0.0.1:9", "LARDER_TTL_USER": "7s"])
        let answer = try larder.get("/_larder/settings")
        #expect(answer.status == 200 && !answer.text.contains("hunter2") && !answer.text.contains("user:"))
        let page = try #require(try JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any])
        let rows = try #require(page["settings"] as? [[String: String]])
        func row(_ name: String) -> [String: String]? { rows.first { $0["name"] == name } }
        #expect(row("ttl.user")?["value"] == "\"7s\"" && row("ttl.user")?["origin"] == "LARDER_TTL_USER")
        #expect(row("workers")?["value"] == "2" && row("workers")?["origin"] == "--workers")
        #expect(row("ttl.model")?["origin"] == "default" && page["file"] is NSNull)
        #expect(row("upstream.proxy")?["value"] == "\"http://***@127.0.0.1:9\"")
        #expect(try larder.get("/_larder/settings", ["Origin": "http://evil.example"]).status == 403)
        #expect(try larder.get("/_larder/events", ["Sec-Fetch-Site": "cross-site"]).status == 403)
        try larder.end()
    }

    @Test func `the start says where the page is`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        let line = try larder.child.waitForLine(containing: "serving on ")
        #expect(line.contains(#""page":"http://127.0.0.1:\#(larder.port)/_larder/""#), "\(line)")
        try larder.end()
    }

    @Test(arguments: ["text", "json"]) func `the journal gets the level of each line`(format: String) throws {
        let script = #"JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$0" "$@""#
        let origin = try ScriptedOrigin { _ in Replies.error(503) }
        let child = try ChildProcess(
            "/bin/sh",
            [
                "-c", script, LarderProcess.path, "serve", "--listen", "127.0.0.1:0", "--upstream",
                origin.url + "/api/v1",
            ],
            environment: LarderProcess.environment(["LARDER_LOG_FORMAT": format, "LARDER_STATE_ENABLED": "false"]))
        _ = try child.waitForLine(containing: "serving on ")
        let failed = try child.waitForLine(containing: "fetching /models failed")
        #expect(failed.hasPrefix(format == "text" ? "<4>2" : "<4>{\"time\":\"2"), "\(failed)")
        child.signal(SIGTERM)
        try child.expectExit()
        #expect(child.lines(.error).allSatisfy { $0.wholeMatch(of: /<[2-7]>.*/) != nil })
    }

    @Test func `a variable that belongs to another stream changes nothing`() throws {
        let larder = try LarderProcess.serve(["--demo"], environment: ["JOURNAL_STREAM": "1:1"])
        try larder.end()
        #expect(larder.child.lines(.error).allSatisfy { $0.hasPrefix("{") })
    }

    @Test func `the bundle has every part, and no key and no password`() throws {
        let origin = try ScriptedOrigin { request in
            request.key == "sk-or-v1-canary-bad" ? Replies.error(401, "user_id u_canary") : Replies.wellBehaved(request)
        }
        let larder = try LarderProcess.serve(
            before: origin, environment: ["no_proxy": "*", "LARDER_UPSTREAM_CONNECT_TIMEOUT": "2s"])
        for key in ["sk-or-v1-canary-good", "sk-or-v1-canary-bad"] {
            _ = try larder.get("/models/user", ["Authorization": "Bearer \(key)"])
            _ = try larder.get("/chat?token=canary", ["Authorization": "Bearer \(key)", "X-Request-Id": key])
        }
        _ = try larder.get("/models", ["x-api-key": "sk-or-v1-canary-third"])
        let folder = StateFolder()
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let file = folder.path + "/bundle.json"
        let url = "http://127.0.0.1:\(larder.port)"
        let result = try LarderProcess.run(["support-bundle", file, "--url", url])
        #expect(result.ending == .exited(0) && result.output == "wrote \(file)", "\(result)")
        let mode = try FileManager.default.attributesOfItem(atPath: file)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let data = try Data(contentsOf: URL(fileURLWithPath: file))
        let text = String(decoding: data, as: UTF8.self)
        #expect(!text.contains("canary") && !text.contains("sk-or"), "it holds a secret")
        let bundle = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect((bundle["status"] as? [String: Any])?["verdict"] != nil)
        #expect((bundle["settings"] as? [String: Any])?["settings"] != nil)
        let events = (bundle["events"] as? [String: Any])?["events"] as? [[String: Any]]
        #expect(events?.contains { $0["reason"] as? String == "refused" } == true)
        #expect((bundle["metrics"] as? String)?.contains("larder_build_info") == true)
        #expect((bundle["problems"] as? [String])?.isEmpty == true)
        // What is there is not written over; standard output is another place.
        #expect(try LarderProcess.run(["support-bundle", file, "--url", url]).ending == .exited(1))
        let printed = try LarderProcess.run(["support-bundle", "-", "--url", url])
        #expect(printed.output.hasPrefix("{\"bundle\":1,"))
        try larder.end()
    }

    @Test func `reload says when there is nothing to tell, or not the right process`() throws {
        let nobody = try LarderProcess.run(["reload", "--url", "http://127.0.0.1:1"])
        #expect(nobody.ending == .exited(1) && nobody.error.contains("no Larder answers"))
        // As of a container: process 1 is none of this machine's Larders.
        let foreign = try ScriptedOrigin { request in
            request.path == "/_larder/status"
                ? .json(#"{"version":"1","pid":1}"#) : .json(#"{"settings":[],"reload":{"count":0,"waiting":[]}}"#)
        }
        let elsewhere = try LarderProcess.run(["reload", "--url", foreign.url])
        #expect(
            elsewhere.ending == .exited(1) && elsewhere.error.contains("docker exec NAME larder reload"), "\(elsewhere)"
        )
    }

    /// A process that is called larder, and does nothing but wait; `trap` says what the shell does with SIGHUP first.
    private func stranger(_ trap: String, in folder: String) throws -> ChildProcess {
        let program = folder + "/larder"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        // Another process writes it: see `makeProgram`.
        #expect(try ChildProcess.run("/bin/cp", ["/usr/bin/sleep", program]).ending == .exited(0))
        let child = try ChildProcess("/bin/sh", ["-c", "\(trap) exec \(program) 600"])
        try eventually("its name") {
            try String(contentsOfFile: "/proc/\(child.id)/comm", encoding: .utf8) == "larder\n"
        }
        return child
    }

    /// Answers as a Larder with this process ID that has not read its settings again.
    private func neverReloading(_ pid: Int32) throws -> ScriptedOrigin {
        try ScriptedOrigin { request in
            request.path == "/_larder/status"
                ? .json(#"{"version":"1","pid":\#(pid)}"#)
                : .json(#"{"settings":[],"reload":{"count":0,"waiting":[]}}"#)
        }
    }

    @Test func `reload says that the process has ended`() throws {
        let folder = StateFolder()
        let child = try stranger("", in: folder.path)
        let origin = try neverReloading(child.id)
        let result = try LarderProcess.run(["reload", "--url", origin.url])
        #expect(result.ending == .exited(1) && result.error.contains("ended after it got SIGHUP"), "\(result)")
        #expect(try child.waitForExit() == .signalled(SIGHUP))
    }

    @Test(arguments: [true, false]) func `reload says what to do when no result comes`(answers: Bool) throws {
        let folder = StateFolder()
        let child = try stranger("trap '' HUP;", in: folder.path)
        defer { child.signal(SIGKILL) }
        let origin = try neverReloading(child.id)
        // Two requests find the process; after that it may be silent. When a third one comes, both have been answered.
        let gone = Monitor(false)
        startThread {
            _ = try? eventually("it is asked") { origin.requests.count >= 3 }
            if !answers { origin.stop() }
            gone.withValue { $0 = true }
        }
        let result = try LarderProcess.run(["reload", "--url", origin.url])
        #expect(result.ending == .exited(1), "\(result)")
        let words =
            answers
            ? ["did not report a reload within 10 s", "larder status"] : ["has not answered for 10 s", "restart it"]
        for word in words { #expect(result.error.contains(word), "\(result.error)") }
        #expect(child.ending == nil && gone.current)
    }

    @Test func `a part that the process does not give is null in the bundle, with the reason`() throws {
        let origin = try ScriptedOrigin { request in
            switch request.path {
            case "/metrics": Replies.error(503, "busy")
            case "/_larder/events": .garbage(Array("nonsense".utf8))
            default: .json("{}")
            }
        }
        let result = try LarderProcess.run(["support-bundle", "-", "--url", origin.url])
        #expect(result.ending == .exited(0), "\(result)")
        let bundle = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(bundle["status"] is [String: Any] && bundle["metrics"] is NSNull && bundle["events"] is NSNull)
        let problems = try #require(bundle["problems"] as? [String])
        #expect(problems.count == 2 && problems[0].hasPrefix("/_larder/events: "), "\(problems)")
        #expect(
            problems.last?.hasPrefix("/metrics: ") == true && problems.last?.contains("busy") == true, "\(problems)")
        // Nothing at all is a failure.
        let nobody = try LarderProcess.run(["support-bundle", "-", "--url", "http://127.0.0.1:1"])
        #expect(nobody.ending == .exited(1) && nobody.output.isEmpty && nobody.error.contains("no Larder answers"))
    }

    @Test func `the status is shown again and again until a signal comes`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        let child = try ChildProcess(
            LarderProcess.path, ["status", "--watch", "0.1", "--url", "http://127.0.0.1:\(larder.port)"],
            environment: LarderProcess.environment())
        try eventually("three pages") { child.lines(.output).count { $0.hasPrefix("larder    ") } >= 3 }
        child.signal(SIGINT)
        #expect(try child.waitForExit() != .exited(1))
        let nobody = try LarderProcess.run(["status", "--watch", "--url", "http://127.0.0.1:1"])
        #expect(nobody.ending == .exited(1) && nobody.error.contains("no Larder answers"))
        try larder.end()
    }

    @Test func `the doctor says whether it examines a running process`() throws {
        let origin = try ScriptedOrigin { request in
            request.path == "/api/v1/models/count" ? .json(#"{"data":{"count":3}}"#) : Replies.wellBehaved(request)
        }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_UPSTREAM_WARM_UP": "true"])
        let listen = ["LARDER_LISTEN": "127.0.0.1:\(larder.port)", "LARDER_UPSTREAM_URL": "http://wrong.invalid"]
        // It is found at the address of the settings, and its upstream is examined, not the one of the settings here.
        let found = try LarderProcess.run(["doctor"], environment: listen)
        #expect(found.output.contains("those of the running Larder") && !found.output.contains("wrong.invalid"))
        #expect(found.output.hasPrefix("ok    larder    Larder "), "\(found.output)")
        try larder.end()
        let alone = try LarderProcess.run(
            ["doctor"], environment: listen.merging(["LARDER_STATE_ENABLED": "false"]) { $1 })
        #expect(alone.output.hasPrefix("skip  larder    no Larder answers at http://127.0.0.1:"), "\(alone.output)")
        #expect(alone.output.contains("wrong.invalid"))
    }

    @Test(arguments: [(5, true), (40, false)]) func `a certificate that ends soon is a warning`(days: Int, warns: Bool)
        throws
    {
        let body = #"{"data":{"count":437}}"#
        let response = "HTTP/1.0 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let origin = try TLSOrigin(.files(["api/v1/models/count": response]), days: days)
        defer { origin.stop() }
        let result = try LarderProcess.run(
            ["doctor"],
            environment: [
                "LARDER_UPSTREAM_URL": origin.url + "/api/v1", "LARDER_UPSTREAM_CA_FILE": origin.caFile,
                "LARDER_LISTEN": "127.0.0.1:0", "LARDER_STATE_ENABLED": "false",
            ])
        let tls = try #require(result.output.split(separator: "\n").first { $0.contains("tls ") })
        #expect(tls.hasPrefix(warns ? "warn" : "ok") && tls.contains("ends in") == warns, "\(tls)")
    }
}
