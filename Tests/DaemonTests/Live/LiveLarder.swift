import Daemon
import EventLoop
import Settings
import TestSupport
import Testing
import Threads

/// A whole Larder in the test's own process, on a port of its own, before a scripted origin.
///
/// `serving` runs a test against it and ends it: it has to drain in good order, with every loop closed and exit code 0,
/// however the test went.
struct LiveLarder {
    /// What it was started with.
    let settings: Settings
    private let running: RunningLarder
    private let exit: Monitor<Exit>
    private let thread: NamedThread

    private struct Exit {
        var running: RunningLarder?
        var outcome: Result<Int32, any Error>?
    }

    /// Starts a Larder before `origin`, runs `body` with it, and ends it.
    static func serving<Value>(
        before origin: ScriptedOrigin, _ change: (inout Settings) -> Void = { _ in },
        _ body: (LiveLarder) throws -> Value
    ) throws -> Value {
        try serving(upstream: origin.url + "/api/v1", change, body)
    }

    /// Starts a Larder before whatever is at `upstream`, runs `body` with it, and ends it.
    static func serving<Value>(
        upstream: String, _ change: (inout Settings) -> Void = { _ in }, _ body: (LiveLarder) throws -> Value
    ) throws -> Value {
        var settings = Settings()
        settings.listen = [.tcp(host: "127.0.0.1", port: 0)]
        settings.workers = 1
        settings.upstream.url = upstream
        settings.upstream.warmUp = false
        settings.upstream.proxy = ""
        // What a test does while it holds a gate may take long on a slow machine. Tests of these limits set them.
        settings.upstream.timeout = .hang
        settings.upstream.connectTimeout = .seconds(60)
        settings.server.drainTimeout = .seconds(120)
        settings.log.level = .critical
        // Tests of what is stale, of what outlives a process, and of recent copies, say so.
        settings.stale.whileRevalidate = .zero
        settings.stale.ifError = .zero
        settings.ttl.noCache = .zero
        settings.state.enabled = false
        // All Larders of this process would share the memory for it, with other tests too.
        settings.server.zeroCopy = .off
        change(&settings)
        let larder = try LiveLarder(settings)
        defer { larder.end() }
        return try body(larder)
    }

    /// Lifetimes that outlast any test, for tests that are not about them.
    static func lasting(_ settings: inout Settings) {
        settings.ttl.catalog = .seconds(86_400)
        settings.ttl.user = .seconds(86_400)
        settings.ttl.opaque = .seconds(86_400)
        settings.ttl.data = .seconds(86_400)
        settings.ttl.model = .seconds(86_400)
        settings.ttl.negative = .seconds(86_400)
    }

    private init(_ settings: Settings) throws {
        self.settings = settings
        let exit = Monitor(Exit())
        self.exit = exit
        thread = try NamedThread.start(name: "larder") {
            let outcome = Result {
                try serve(settings, demo: false) { running in exit.withValue { $0.running = running } }
            }
            exit.withValue { $0.outcome = outcome }
        }
        let started = exit.wait(.hang) { exit -> Result<RunningLarder, any Error>? in
            if let running = exit.running { return .success(running) }
            if case .failure(let error) = exit.outcome { return .failure(error) }
            return nil
        }
        running = try #require(started, "it does not serve").get()
    }

    /// The port that it serves on.
    var port: UInt16 { UInt16(running.addresses[0].port ?? 0) }

    /// The port of its own pages, if that is another one.
    var adminPort: UInt16 { UInt16(running.adminAddresses[0].port ?? 0) }

    /// Tells it to end, as SIGTERM would.
    func drain() { running.drain() }

    /// Waits until it has ended by itself.
    func waitForEnd() throws {
        _ = try #require(exit.wait(.hang) { $0.outcome == nil ? nil : () }, "it does not end")
    }

    private func end() {
        let ended = exit.withValue { $0.outcome != nil }
        if !ended { drain() }
        if exit.wait(.hang, until: { $0.outcome == nil ? nil : () }) == nil {
            Issue.record("it does not drain")
            drain()
        }
        thread.join()
        let code = exit.withValue { try? $0.outcome?.get() }
        #expect(code == 0)
    }

    // MARK: Clients

    /// A new connection.
    func connect(receiveBuffer: Int32? = nil) throws -> RawClient {
        try RawClient(port: port, timeout: .hang, receiveBuffer: receiveBuffer)
    }

    /// One GET on a connection of its own.
    func get(_ target: String, _ fields: MessageFields = [:]) throws -> RawResponse {
        try request("GET", target, fields)
    }

    /// One GET with a key, on a connection of its own.
    func get(_ target: String, key: String) throws -> RawResponse {
        try request("GET", target, ["Authorization": "Bearer \(key)"])
    }

    /// One request on a connection of its own.
    func request(_ method: String, _ target: String, _ fields: MessageFields = [:]) throws -> RawResponse {
        let client = try connect()
        defer { client.close() }
        return try client.request(method, target, fields)
    }

    /// Sends a GET on a new connection and does not wait for the answer. It has arrived, but may not have been read.
    func begin(_ target: String, _ fields: MessageFields = [:]) throws -> RawClient {
        let client = try connect()
        try client.sendRequest("GET", target, fields)
        try client.socket.waitUntilDelivered()
        return client
    }

    /// Makes sure that whatever has arrived before (see `TestSocket.waitUntilDelivered`) has been read: each loop has
    /// gone round since. The kernel chooses the loop of each connection by a hash: that it leaves one out in so many is
    /// less likely than one in ten million.
    func settle() throws {
        for _ in 0..<(settings.workers == 1 ? 2 : 16 * settings.workers) { _ = try get("/healthz") }
    }
}
