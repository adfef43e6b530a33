import Engine
import EventLoop
import Fleet
import Glibc
import TestSupport
import Testing

/// The link with a real engine.
@Suite(.timeLimit(.minutes(300))) struct EngineLinkTests {
    private static let exchange: [EngineCommand] = [
        .set(key("a"), bytes("one\r\n\0"), milliseconds: 60_000, onlyIfAbsent: false), .get(key("a")),
        .set(key("a"), bytes("two"), milliseconds: 60_000, onlyIfAbsent: true), .get(key("none")),
        .expire(key("a"), milliseconds: 90_000), .watch(key("a")),
        .transaction([.delete(key("a")), .publish(bytes("hello"))]), .remaining(key("a")), .unwatch,
    ]
    private static let answers: [EngineReply] = [
        .done, .bytes(bytes("one\r\n\0")), .nothing, .nothing, .number(1), .done, .list([.number(1), .number(1)]),
        .number(-2), .done,
    ]

    @Test func `commands are answered in order, on TCP and on a unix socket, in any database`() throws {
        let server = try EngineServer()
        for url in [
            "redis://127.0.0.1:\(server.port)", "valkey://localhost:\(server.port)/3", "unix:\(server.socket)?db=5",
        ] {
            // All databases share the channels, and the engine may not have noticed yet that the link before is closed. It
            // would count that one as listening too.
            var settings = try settings(url)
            settings.channel = EngineKey(name: "larder:{test}:\(url)")
            let replies = try LinkRun.replies(settings, Self.exchange)
            #expect(replies == Self.answers, "\(url)")
        }
        #expect(try LinkRun.failure(settings("redis://127.0.0.1:\(server.port)/99")) == .engine(.other("ERR")))
    }

    @Test func `what is published comes on the subscription, and large values come whole`() throws {
        let server = try EngineServer()
        let large = [UInt8](repeating: 0x61, count: 5_000_000)
        var heard: [[UInt8]] = []
        let events = try LinkRun.run(settings("redis://127.0.0.1:\(server.port)")) { event, run in
            switch event {
            case .connected:
                run.link?.send(.set(key("large"), large, milliseconds: 60_000, onlyIfAbsent: false))
                run.link?.send(.get(key("large")))
                run.link?.send(.publish(bytes("news")))
            case .message(let message): heard.append(message)
            case .reply, .failed: break
            }
            if heard.count == 1, run.events.count == 5 { run.stop() }
        }
        #expect(heard == [bytes("news")])
        #expect(events.contains(.reply(.bytes(large))))
    }

    @Test func `a reply above the limit ends the connection`() throws {
        let server = try EngineServer()
        var settings = try settings("unix:\(server.socket)")
        settings.longestReply = 1_000
        let events = try LinkRun.run(settings) { event, run in
            if event == .connected {
                run.link?.send(
                    .set(key("a"), [UInt8](repeating: 1, count: 2_000), milliseconds: 9_000, onlyIfAbsent: false))
                run.link?.send(.get(key("a")))
            }
            if event.failure != nil { run.stop() }
        }
        #expect(events == [.connected, .reply(.done), .failed(.nonsense)])
    }

    @Test func `a password is sent, and a wrong one or none is said to be`() throws {
        var options = EngineServer.Options()
        options.arguments = ["--requirepass", "correct horse"]
        let server = try EngineServer(options)
        var settings = try settings("redis://127.0.0.1:\(server.port)")
        #expect(try LinkRun.failure(settings) == .engine(.unauthorized))
        settings.password = bytes("wrong")
        #expect(try LinkRun.failure(settings) == .engine(.unauthorized))
        settings.password = bytes("correct horse")
        #expect(try LinkRun.replies(settings, Self.exchange) == Self.answers)
    }

    @Test func `the documented ACL suffices, and a narrower one is reported`() throws {
        let server = try EngineServer()
        try server.makeDocumentedUser(password: "secret")
        var settings = try settings("redis://127.0.0.1:\(server.port)/2")
        settings.username = "larder"
        settings.password = bytes("secret")
        #expect(try LinkRun.replies(settings, Self.exchange) == Self.answers)
        try server.command("ACL", "SETUSER", "larder", "-set", "-client|setname", "-client")
        #expect(try LinkRun.replies(settings, [Self.exchange[0]]) == [.failure(.forbidden)])
        try server.command("ACL", "SETUSER", "larder", "resetchannels")
        #expect(try LinkRun.failure(settings) == .engine(.forbidden))
    }

    @Test func `TLS needs an authority that is trusted and a name that fits`() throws {
        var options = EngineServer.Options()
        options.tlsName = "DNS:localhost"
        let server = try EngineServer(options)
        var right = try settings("rediss://localhost:\(server.port)")
        right.caFile = server.caFile
        #expect(try LinkRun.replies(right, Self.exchange) == Self.answers)

        var wrongName = try settings("valkeys://127.0.0.1:\(server.port)")
        wrongName.caFile = server.caFile
        let untrusted = try settings("rediss://localhost:\(server.port)")
        let plain = try settings("redis://localhost:\(server.port)")
        for settings in [wrongName, untrusted] {
            guard case .connection(let why)? = try LinkRun.failure(settings) else {
                Issue.record("\(settings.address) is accepted")
                continue
            }
            #expect(why.contains("no secure connection"))
        }
        #expect(try LinkRun.failure(plain) != nil)
    }

    @Test func `the CA file is checked when the link is made`() throws {
        var settings = try settings("rediss://localhost:1")
        settings.caFile = "/nonexistent/ca.pem"
        #expect(throws: EngineProblem.self) { try LinkRun.run(settings) { _, _ in } }
    }

    @Test func `nobody listens, the name does not resolve, the socket is missing`() throws {
        for url in ["redis://127.0.0.1:1", "redis://engine.invalid", "unix:/nonexistent/engine.sock"] {
            guard case .connection? = try LinkRun.failure(settings(url)) else {
                Issue.record("\(url) is accepted")
                continue
            }
        }
    }

    @Test func `an engine that is killed ends the link, and one that is started again is used again`() throws {
        let server = try EngineServer()
        var connections = 0
        let events = try LinkRun.run(settings("redis://127.0.0.1:\(server.port)")) { event, run in
            switch event {
            case .connected:
                connections += 1
                if connections == 1 { try server.kill() } else { run.link?.send(.get(key("a"))) }
            case .failed:
                try server.start()
                run.link?.connect(.configured)
            case .reply: run.stop()
            case .message: break
            }
        }
        #expect(events.count == 4)
        #expect(events.last == .reply(.nothing))
    }

    @Test func `an engine that stands still is noticed by the missing sign of life`() throws {
        let server = try EngineServer()
        var settings = try settings("redis://127.0.0.1:\(server.port)")
        settings.pingInterval = 100
        let events = try LinkRun.run(settings) { event, run in
            if event == .connected { server.hold(true) }
            if event.failure != nil { run.stop() }
        }
        server.hold(false)
        #expect(events == [.connected, .failed(.timeout)])
    }

    @Test func `a sign of life that came while the thread stood still is not missed`() throws {
        let server = try EngineServer()
        // The documented user may ask for it.
        try server.makeDocumentedUser(password: "secret")
        var settings = try settings("redis://127.0.0.1:\(server.port)")
        settings.username = "larder"
        settings.password = bytes("secret")
        // On a busy machine the question may reach the engine only when its time is over: then a longer time is tried.
        for interval in [300, 3_000, 20_000] {
            settings.pingInterval = interval
            var (isAsked, isTooLate, stoodStill) = (false, false, false)
            var readAt: UInt64?
            let events = try LinkRun.run(settings) { event, run in
                if event.failure != nil { return run.stop() }
                guard event == .connected else { return }
                // The question is sent after one interval at the earliest, and its time is over after another.
                let end = run.loop.nowMilliseconds + UInt64(2 * interval)
                server.hold(true)
                run.every(5) {
                    if isTooLate { return run.stop() }
                    if stoodStill, unreadBytes(fromPort: server.port) == 0 {
                        readAt = readAt ?? run.loop.nowMilliseconds
                        // The link has looked again by then, and no later question's time can be over.
                        if run.loop.nowMilliseconds > readAt! + UInt64(interval / 10 + 10) { return run.stop() }
                    }
                    guard !isAsked, unreadBytes(toPort: server.port) > 0 else { return }
                    isAsked = true
                    // The sockets are not looked at again before the timers, one of which is late then.
                    run.amongSockets {
                        run.loop.updateNow()
                        isTooLate = run.loop.nowMilliseconds >= end
                        if isTooLate { return }
                        server.hold(false)
                        let begin = ContinuousClock.now
                        while unreadBytes(fromPort: server.port) == 0 { usleep(1_000) }
                        while ContinuousClock.now - begin < .milliseconds(interval + 50) { usleep(1_000) }
                        stoodStill = true
                    }
                }
            }
            server.hold(false)
            guard stoodStill else { continue }
            #expect(events == [.connected])
            return
        }
        Issue.record("the engine was never asked in time")
    }

    @Test func `an engine that stands still does not finish a connection, and the link waits for no reply`() throws {
        let server = try EngineServer()
        server.hold(true)
        var settings = try settings("redis://127.0.0.1:\(server.port)")
        settings.connectTimeout = 1_000
        // The kernel accepts the connection, but the engine does not answer: `LinkStateMachine` limits that time.
        let events = try LinkRun.run(settings, stopAfter: 2_000) { _, run in run.stop() }
        server.hold(false)
        #expect(events == [])
    }

    @Test func `a full, a paused and a read-only engine say so`() throws {
        let server = try EngineServer()
        let settings = try settings("unix:\(server.socket)")
        try server.command("CONFIG", "SET", "maxmemory", "1")
        #expect(try LinkRun.replies(settings, [Self.exchange[0]]) == [.failure(.outOfMemory)])
        #expect(
            try LinkRun.replies(settings, [.transaction([Self.exchange[0]]), .get(key("a"))])
                == [.failure(.outOfMemory), .nothing])
        try server.command("CONFIG", "SET", "maxmemory", "0")
        try server.command("CLIENT", "PAUSE", "300", "WRITE")
        #expect(try LinkRun.replies(settings, [Self.exchange[0]]) == [.done])
        try server.command("REPLICAOF", "127.0.0.1", "1")
        #expect(try LinkRun.replies(settings, [Self.exchange[0]]) == [.failure(.readOnly)])
    }

    @Test func `an engine that cannot save its data says so`() throws {
        let server = try EngineServer()
        try server.command("CONFIG", "SET", "save", "3600 1")
        // A folder cannot be replaced by a file. The engine has answered before, so it does not try to read the folder.
        try server.makeFolder("dump.rdb")
        try server.command("BGSAVE")
        try eventually("the failed save", within: .hang) {
            try server.command("INFO", "persistence").contains("rdb_last_bgsave_status:err")
        }
        #expect(
            try LinkRun.replies(settings("unix:\(server.socket)"), [Self.exchange[0]]) == [.failure(.cannotSave)])
    }

    @Test func `a cluster's node says where the key is`() throws {
        var options = EngineServer.Options()
        options.isOfCluster = true
        let first = try EngineServer(options)
        let second = try EngineServer(options)
        let url = try settings("redis://127.0.0.1:\(first.port)")
        #expect(try LinkRun.replies(url, [Self.exchange[0]]) == [.failure(.clusterDown)])
        try first.command("CLUSTER", "MEET", "127.0.0.1", "\(second.port)")
        try second.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")
        try eventually("the cluster", within: .hang) {
            try [first, second].allSatisfy { try $0.command("CLUSTER", "INFO").contains("cluster_state:ok") }
        }
        let node = "127.0.0.1:\(second.port)"
        #expect(try LinkRun.replies(url, [Self.exchange[0]]) == [.failure(.moved(to: node))])
        var replies: [EngineReply] = []
        try LinkRun.run(url, destination: .node(node)) { event, run in
            if event == .connected { run.link?.send(Self.exchange[0]) }
            if case .reply(let reply) = event {
                replies.append(reply)
                run.stop()
            }
        }
        #expect(replies == [.done])
    }

    @Test func `Sentinel is asked for the master, also after a failover`() throws {
        let master = try EngineServer()
        var options = EngineServer.Options()
        options.master = master.port
        let replica = try EngineServer(options)
        try eventually("the replica") {
            try replica.command("INFO", "replication").contains("master_link_status:up")
        }
        options = EngineServer.Options()
        options.watches = master.port
        let sentinel = try EngineServer(options)
        // The first is not there: the other's answer is enough.
        let nodes = "127.0.0.1:1,127.0.0.1:\(sentinel.port)"
        let settings = try settings("redis+sentinel://\(nodes)/mymaster")
        let write = Self.exchange[0]
        #expect(try LinkRun.replies(settings, [write]) == [.done])
        try eventually("the replica known to Sentinel") {
            try sentinel.commandByPort("SENTINEL", "replicas", "mymaster").contains("\(replica.port)")
        }
        try master.kill()
        try eventually("the failover", within: .hang) {
            try sentinel.commandByPort("SENTINEL", "get-master-addr-by-name", "mymaster").contains("\(replica.port)")
        }
        try eventually("the new master") { try replica.command("INFO", "replication").contains("role:master") }
        #expect(try LinkRun.replies(settings, [write]) == [.done])
        #expect(try replica.command("EXISTS", "larder:{test}:a") == "1")

        let unknown = try EngineLinkTests.settingsForUnknown(nodes)
        #expect(try LinkRun.failure(unknown) == .connection("no Sentinel knows the master"))
    }

    private static func settingsForUnknown(_ nodes: String) throws -> EngineSettings {
        try settings("redis+sentinel://\(nodes)/another")
    }
}
