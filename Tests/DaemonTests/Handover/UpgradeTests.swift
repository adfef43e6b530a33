import Foundation
import Glibc
import TestSupport
import Testing

/// The built binary, replaced by a new process while it serves.
@Suite(.timeLimit(.minutes(300))) struct UpgradeTests {
    private static let chat = Array(#"{"stream":true}"#.utf8)

    /// An upstream with a catalogue and a chat that waits in the middle.
    private static func origin(_ gate: OriginGate = OriginGate()) throws -> ScriptedOrigin {
        try ScriptedOrigin { request in
            guard request.path.hasSuffix("/chat/completions") else { return Replies.wellBehaved(request) }
            let body = OriginBody.gated(Array("data: first\n\n".utf8), gate, Array("data: last\n\n".utf8))
            return .response(status: 200, fields: ["Content-Type": "text/event-stream"], body: body)
        }
    }

    private static func larder(
        before origin: ScriptedOrigin, in folder: StateFolder, _ more: [String] = [],
        environment: [String: String] = [:]
    ) throws -> UpgradingLarder {
        try UpgradingLarder(
            ["--upstream", origin.url + "/api/v1", "--listen", "127.0.0.1:0", "--state-dir", folder.path] + more,
            // No stream is cut because the machine is slow.
            environment: ["LARDER_STATE_ENABLED": "true", "LARDER_SERVER_DRAIN_TIMEOUT": "10m"]
                .merging(environment) { $1 })
    }

    @Test func `two upgrades under load fail no request, cut no stream, and fetch nothing again`() throws {
        let gate = OriginGate()
        let (origin, folder) = (try Self.origin(gate), StateFolder())
        let path = folder.beside("larder.sock")
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let larder = try Self.larder(before: origin, in: folder, ["--listen", "unix:\(path)"])
        let port = larder.port
        #expect(try larder.get("/models").status == 200)
        let before = origin.requests.count
        let stream = try RawClient(port: port, timeout: .hang)
        try stream.sendRequest("POST", "/chat/completions", body: Self.chat)
        #expect(try stream.readHead().status == 200)
        let first = try stream.readSome()
        let load = SteadyLoad()
        for _ in 0..<2 { load.add(keeps: false) { try RawClient(port: port) } }
        load.add(keeps: true) { try RawClient(port: port) }
        load.add(keeps: false) { try RawClient(path: path) }
        load.add(keeps: true) { try RawClient(path: path) }
        for _ in 0..<2 {
            try load.wait(for: 200)
            let old = larder.process
            try larder.upgrade()
            #expect(larder.process != old)
            try load.wait(for: 200)
        }
        #expect(try load.stop() == [])
        #expect(larder.child.ending == nil, "the first process has a stream")
        gate.open()
        #expect(first + (try stream.readToEnd()) == Array("data: first\n\ndata: last\n\n".utf8))
        stream.close()
        // The chat, and nothing else.
        #expect(origin.requests.count == before + 1)
        #expect(try larder.get("/models").isHit)
        #expect(unsafe access(path, F_OK) == 0)
        try larder.end()
        #expect(unsafe access(path, F_OK) != 0)
    }

    @Test(arguments: [("1", "3"), ("3", "1")])
    func `the new process may have another number of loops`(workers: (String, String)) throws {
        let (origin, folder) = (try Self.origin(), StateFolder())
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let file = folder.beside("larder.toml")
        try "workers = \(workers.0)\n".write(toFile: file, atomically: true, encoding: .utf8)
        let larder = try Self.larder(
            before: origin, in: folder, ["--config", file], environment: ["LARDER_WORKERS": ""])
        let port = larder.port
        let load = SteadyLoad()
        for _ in 0..<4 { load.add(keeps: false) { try RawClient(port: port) } }
        try "workers = \(workers.1)\n".write(toFile: file, atomically: true, encoding: .utf8)
        try load.wait(for: 100)
        try larder.upgrade()
        try load.wait(for: 400)
        #expect(try load.stop() == [])
        try larder.end()
    }

    /// The beginning of a program that talks to the old process as a new one does.
    private static let python =
        "/usr/bin/env python3\nimport os, socket, time\ns = socket.socket(fileno=3)\ns.setblocking(True)\n"
    private static let takeState = "s.send(b'state')\ns.recv(99)\n"

    /// Programs that do not take over, and what is said of them.
    private static let broken = [
        ("/bin/sh\nexit 1\n", "ended before it served"),
        ("/bin/sh\nsleep 1000\n", "did not serve within server.upgrade_timeout"),
        ("/no/such/interpreter\n", "cannot start"),
        // These two take the state directory first.
        (
            python + takeState,
            "ended before it served"
        ),
        (
            python + takeState + "s.send(b'ready')\ns.recv(99)\ntime.sleep(1000)\n",
            "did not serve within server.upgrade_timeout"
        ),
    ]

    @Test(arguments: broken)
    func `while a program does not take over, and after that, the old one serves with its state`(
        program: String, reason: String
    ) throws {
        let (origin, folder) = (try Self.origin(), StateFolder())
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let file = folder.beside("larder.toml")
        func limit(_ time: String) throws {
            try "server.upgrade_timeout = \"\(time)\"\n".write(toFile: file, atomically: true, encoding: .utf8)
        }
        // Where it is not the reason, no program is too slow for it.
        let isLimited = reason.hasSuffix("server.upgrade_timeout")
        try limit(isLimited ? "2s" : "2m")
        let larder = try Self.larder(
            before: origin, in: folder, ["--config", file], environment: ["LARDER_SERVER_UPGRADE_TIMEOUT": ""])
        let port = larder.port
        #expect(try larder.get("/models").status == 200)
        let load = SteadyLoad()
        load.add(keeps: false) { try RawClient(port: port) }
        load.add(keeps: true) { try RawClient(port: port) }
        try load.wait(for: 20)
        try larder.install(script: program)
        let line = try larder.failToUpgrade()
        #expect(line.contains(reason) && line.contains("this process goes on serving"), "\(line)")
        // It is written, and read again.
        #expect(try larder.get("/model/acme/anvil:nitro").status == 200)
        try load.wait(for: 20)
        for process in larder.started { try eventually("the other one is gone") { kill(process, 0) != 0 } }
        if isLimited {
            try limit("2m")
            larder.child.signal(SIGHUP)
            try larder.child.waitForLine(containing: "changed server.upgrade_timeout")
        }
        try larder.install()
        try larder.upgrade()
        try load.wait(for: 20)
        #expect(try load.stop() == [])
        let before = origin.requests.count
        #expect(try larder.get("/model/acme/anvil:nitro").isHit)
        #expect(try larder.get("/models").isHit)
        #expect(origin.requests.count == before)
        #expect(!larder.child.lines().contains { $0.contains("state-unavailable") })
        try larder.end()
    }

    @Test func `settings that have become invalid are named`() throws {
        let (origin, folder) = (try Self.origin(), StateFolder())
        try FileManager.default.createDirectory(atPath: folder.path, withIntermediateDirectories: true)
        let file = folder.beside("larder.toml")
        try "".write(toFile: file, atomically: true, encoding: .utf8)
        let larder = try Self.larder(before: origin, in: folder, ["--config", file])
        try "colour = 1\n".write(toFile: file, atomically: true, encoding: .utf8)
        let line = try larder.failToUpgrade()
        #expect(line.contains("unknown setting `colour`"), "\(line)")
        #expect(try larder.get("/models").status == 200)
        try larder.end()
    }

    @Test func `a new process that cannot fetch a catalogue does not take over from one that has it`() throws {
        let upstream = try UpAndDown(Replies.wellBehaved)
        let larder = try UpgradingLarder(
            ["--upstream", upstream.origin.url + "/api/v1", "--listen", "127.0.0.1:0"])
        #expect(try larder.get("/models").status == 200)
        upstream.setDown(true)
        #expect(try larder.failToUpgrade().contains("could not fetch the catalogue"))
        #expect(try larder.get("/models").isHit)
        upstream.setDown(false)
        try larder.upgrade()
        #expect(try larder.get("/models").isHit)
        try larder.end()
    }

    @Test func `a new process takes over with a catalogue that upstream lets nobody share`() throws {
        let origin = try ScriptedOrigin { _ in Replies.catalogue(["Cache-Control": "private"]) }
        let larder = try Self.larder(before: origin, in: StateFolder())
        try eventually("a copy") { try larder.get("/models").isHit }
        // It ends once everything before it is on the disk, which may be slower than the upgrade waits for.
        let purge = try RawClient(port: larder.port).request("POST", "/_larder/purge?key=00000001")
        #expect(purge.text == #"{"purged":0}"#)
        let before = origin.requests.count
        try larder.upgrade()
        #expect(try larder.get("/readyz").status == 200 && larder.get("/models").isHit)
        try larder.end()
        #expect(origin.requests.count == before)
    }

    @Test(arguments: [false, true])
    func `SIGTERM during an upgrade ends both processes`(hasState: Bool) throws {
        let (origin, folder) = (try Self.origin(), StateFolder())
        let larder = try Self.larder(before: origin, in: folder)
        try larder.install(
            script: Self.python + (hasState ? Self.takeState : "")
                + "os.write(2, b'it hangs\\n')\ntime.sleep(1000)\n")
        kill(larder.process, SIGUSR2)
        try larder.child.waitForLine(containing: "it hangs")
        try larder.end()
        for process in larder.started { try eventually("the other one is gone") { kill(process, 0) != 0 } }
    }

    /// Starts a process that survives the program, and keeps its connection to the old process open.
    private static let leaveHolder = """
        import subprocess
        null = subprocess.DEVNULL
        holder = subprocess.Popen(
            ["sleep", "1000"], pass_fds=[3], start_new_session=True, stdin=null, stdout=null, stderr=null)
        os.write(2, b"held by %d\\n" % holder.pid)
        time.sleep(1000)

        """

    @Test func `what is purged during an upgrade stays gone after SIGTERM, also if the new process lingers`() throws {
        let (upstream, folder) = (try UpAndDown(Replies.wellBehaved), StateFolder())
        let larder = try Self.larder(before: upstream.origin, in: folder, environment: ["LARDER_WORKERS": "1"])
        let target = "/model/acme/anvil:nitro"
        #expect(try larder.get(target).status == 200)
        try eventually("it is on the disk") { try folder.holds("anvil:nitro") }
        try larder.install(script: Self.python + Self.takeState + Self.leaveHolder)
        kill(larder.process, SIGUSR2)
        let line = try larder.child.waitForLine(containing: "held by ")
        let holder = try #require(line.split(separator: " ").last.flatMap { Int32($0) })
        defer { kill(holder, SIGKILL) }
        // It waits for the disk.
        let client = try RawClient(port: larder.port)
        try client.sendRequest("POST", "/_larder/purge?all=1")
        try eventually("it is gone from memory") {
            try larder.get(target, ["Cache-Control": "only-if-cached"]).status == 504
        }
        // The second signal closes the connection, so that the loop ends before the new process is known to be gone.
        for event in [#""event":"draining""#, "another SIGTERM"] {
            larder.child.signal(SIGTERM)
            try larder.child.waitForLine(containing: event)
        }
        try larder.child.expectExit()
        client.close()
        #expect(larder.lines("state-unavailable") == [])
        let failed = larder.lines("upgrade-failed")
        #expect(failed.count == 1)
        #expect(failed.first?.contains("the upgrade failed: this process was asked to end") == true, "\(failed)")
        upstream.setDown(true)
        let next = try LarderProcess.serve(before: upstream, in: folder)
        let answer = try next.get(target)
        #expect(answer.status >= 502, "\(answer.text)")
        try next.end()
    }

    @Test func `SIGTERM to an old process that finishes its streams lets them end`() throws {
        let gate = OriginGate()
        let (origin, folder) = (try Self.origin(gate), StateFolder())
        let larder = try Self.larder(before: origin, in: folder)
        let stream = try RawClient(port: larder.port, timeout: .hang)
        try stream.sendRequest("POST", "/chat/completions", body: Self.chat)
        #expect(try stream.readHead().status == 200)
        try larder.upgrade()
        larder.child.signal(SIGTERM)
        try larder.child.waitForLine(containing: #""event":"draining""#)
        gate.open()
        let body = String(decoding: try stream.readToEnd(), as: UTF8.self)
        #expect(body == "data: first\n\ndata: last\n\n")
        stream.close()
        try larder.end()
    }

    @Test(arguments: [false, true])
    func `a purge in the old process reaches the new one, also if the old one was to be upgraded again`(
        isAskedAgain: Bool
    ) throws {
        let (origin, folder) = (try Self.origin(), StateFolder())
        // An idle connection is closed soon after the upgrade; one with a part of a request is not.
        let larder = try Self.larder(before: origin, in: folder, environment: ["LARDER_SERVER_HEADER_TIMEOUT": "10m"])
        let kept = try RawClient(port: larder.port)
        #expect(try kept.get("/models").status == 200)
        try kept.send("POST /_larder/purge?all=1 HTTP/1.1\r\nHost: localhost\r\n")
        try larder.upgrade()
        let before = origin.count(of: "/api/v1/models")
        if isAskedAgain {
            larder.child.signal(SIGUSR2)
            try larder.child.waitForLine(containing: "an upgrade was refused")
        }
        // The old process cannot make it durable, and says so.
        try kept.send("\r\n")
        #expect(try kept.readResponse().status == 503)
        try eventually("the new process asks upstream again") {
            _ = try larder.get("/models")
            return origin.count(of: "/api/v1/models") > before
        }
        kept.close()
        try larder.end()
    }

    @Test func `the service manager is told of the new process before that one says a word`() throws {
        let manager = try NotifyReceiver()
        let (socket, port) = try TestSocket.listen()
        defer { socket.close() }
        let larder = try UpgradingLarder(
            ["--demo"],
            environment: ["NOTIFY_SOCKET": manager.name, "WATCHDOG_USEC": "3600000000", "WATCHDOG_PID": "1"],
            on: [socket])
        #expect(larder.port == port)
        let load = SteadyLoad()
        load.add(keeps: false) { try RawClient(port: port) }
        load.add(keeps: true) { try RawClient(port: port) }
        try load.wait(for: 20)
        try larder.upgrade()
        try load.wait(for: 20)
        #expect(try load.stop() == [])
        // Only the new process knows that the watchdog is meant for it.
        try manager.waitFor("WATCHDOG=1")
        let ready = "READY=1\nSTATUS=Serving on http://127.0.0.1:\(port)"
        let messages = manager.messages.filter { !$0.hasPrefix("STATUS=") }
        #expect(messages.dropFirst() == ["MAINPID=\(larder.process)", ready, "WATCHDOG=1"], "\(messages)")
        try larder.end()
        try manager.waitFor("STOPPING=1")
        #expect(manager.messages.count { $0.hasPrefix("STOPPING=1") } == 1)
    }

    @Test func `the command waits until the new process serves, or says why it does not`() throws {
        let (origin, folder) = (try Self.origin(), StateFolder())
        let larder = try Self.larder(before: origin, in: folder)
        let old = larder.process
        try larder.install(script: "/bin/sh\nexit 1\n")
        let failed = try LarderProcess.run(["upgrade", "--pid", "\(old)"])
        #expect(failed.ending == .exited(1) && failed.output.isEmpty)
        #expect(failed.error.hasPrefix("larder: the upgrade failed: the new process ended before it served"))
        try larder.install()
        let done = try LarderProcess.run(["upgrade", "--pid", "\(old)"])
        #expect(done.ending == .exited(0), "\(done.error)")
        let new = try #require(larder.started.last)
        #expect(
            done.output == "process \(new) serves now; process \(old) ends when its requests in flight are finished")
        #expect(try larder.get("/models").isHit)
        // The old process can be upgraded no more.
        let again = try LarderProcess.run(["upgrade", "--pid", "\(old)"])
        #expect(again.ending == .exited(1) && again.error.contains("process \(old) cannot be upgraded"))
        kill(new, SIGTERM)
        try larder.child.expectExit()
    }

    @Test func `a process that is no Larder is left alone`() throws {
        let other = try ChildProcess("/bin/sleep", ["100"])
        let (ending, _, error) = try LarderProcess.run(["upgrade", "--pid", "\(other.id)"])
        #expect(ending == .exited(1) && error.contains("process \(other.id) cannot be upgraded"))
        #expect(other.ending == nil)
    }
}
