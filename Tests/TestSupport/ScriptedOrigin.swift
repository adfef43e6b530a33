/// A real HTTP/1.1 server on a free port of this machine that does what a test tells it to, and remembers what it was asked.
///
/// Each connection has a thread of its own with blocking sockets, so nothing here shares code or timing with what is tested.
/// It stops by itself when the last reference goes.
public final class ScriptedOrigin: Sendable {
    /// Decides about one request. It is called on the connection's thread and may block.
    public typealias Handler = @Sendable (OriginRequest) -> OriginReply

    /// The port of 127.0.0.1 that it listens on.
    public let port: UInt16
    private let listener: TestSocket
    /// Keeps the port from being given to another test once this origin has stopped, for as long as it exists.
    private let reservation: TestSocket
    private let record: OriginRecord

    /// Starts to listen on `port`, or on any free one. With `readsBodies` false the handler is called as soon as a head is
    /// there, and nobody reads the body, so that the sender has to stop; the connection closes behind the reply. With a
    /// `readPause` it waits so long before each 64 KiB of a body that tells its length.
    public init(
        port: UInt16 = 0, readsBodies: Bool = true, readPause: Duration = .zero, _ handler: @escaping Handler
    ) throws {
        let (listener, port) = try TestSocket.bound(to: port)
        // It has to come before the other one listens.
        reservation = try TestSocket.bound(to: port).socket
        try listener.beginListening()
        let record = OriginRecord()
        self.listener = listener
        self.record = record
        self.port = port
        startThread {
            while let socket = listener.accept() {
                guard let number = record.connected(socket) else { continue }
                startThread {
                    OriginConnection(
                        socket, number, record, readsBodies: readsBodies, readPause: readPause, handler
                    ).run()
                    record.disconnected(socket, number)
                }
            }
        }
    }

    deinit { stop() }

    /// The base URL, such as `http://127.0.0.1:34567`.
    public var url: String { "http://127.0.0.1:\(port)" }

    /// All requests so far, in the order they came.
    public var requests: [OriginRequest] { record.state.withValue { $0.requests } }

    /// The number of connections that were ever accepted.
    public var connectionsAccepted: Int { record.state.withValue { $0.accepted } }

    /// The number of connections that are open now.
    public var connectionsOpen: Int { record.state.withValue { $0.open.count } }

    /// The number of body bytes that were read so far, of all requests together.
    public var bodyBytesReceived: Int { record.state.withValue { $0.bodyBytes } }

    /// Waits until at least `count` requests have come; all of them so far.
    @discardableResult
    public func waitForRequests(_ count: Int, timeout: Duration = .hang) throws -> [OriginRequest] {
        try wait(timeout, "\(count) requests, of which \(requests.count) came") {
            $0.requests.count >= count ? $0.requests : nil
        }
    }

    /// Waits until at least `count` bytes of request bodies were read.
    public func waitForBodyBytes(_ count: Int, timeout: Duration = .hang) throws {
        try wait(timeout, "\(count) body bytes") { $0.bodyBytes >= count ? () : nil }
    }

    /// Waits until at least `count` `.gated` bodies were sent to their end, and have arrived in the peer's system.
    public func waitForGatedBodies(_ count: Int, timeout: Duration = .hang) throws {
        try wait(timeout, "\(count) gated bodies") { $0.gatedBodies >= count ? () : nil }
    }

    /// Waits until no more than `count` connections are open, as when a peer disconnects.
    public func waitForConnections(atMost count: Int, timeout: Duration = .hang) throws {
        try wait(timeout, "at most \(count) connections") { $0.open.count <= count ? () : nil }
    }

    /// Stops listening, ends every connection and waits for their threads. A second time does nothing.
    public func stop() {
        listener.shutdown()
        record.state.withValue { state in
            state.stopping = true
            for socket in state.open.values { socket.shutdown() }
        }
        _ = record.state.wait(.hang) { $0.open.isEmpty ? () : nil }
    }

    private func wait<Result>(
        _ timeout: Duration, _ what: @autoclosure () -> String, until body: (inout OriginRecord.State) -> Result?
    ) throws -> Result {
        if let result = record.state.wait(timeout, until: body) { return result }
        throw TimedOut("\(what()) at the origin", after: timeout)
    }
}

/// What an origin knows of its connections and requests.
final class OriginRecord: Sendable {
    struct State {
        var requests: [OriginRequest] = []
        var accepted = 0
        var bodyBytes = 0
        var gatedBodies = 0
        var stopping = false
        var open: [Int: TestSocket] = [:]
    }

    let state = Monitor(State())

    var isStopping: Bool { state.withValue { $0.stopping } }

    /// The number of a new connection; nil when the origin is stopping, and the connection closes.
    func connected(_ socket: TestSocket) -> Int? {
        state.withValue { state in
            guard !state.stopping else { return nil }
            state.accepted += 1
            state.open[state.accepted] = socket
            return state.accepted
        }
    }

    /// Closes the connection under the lock, so that nobody shuts down a descriptor that was given out anew.
    func disconnected(_ socket: TestSocket, _ number: Int) {
        state.withValue { state in
            state.open[number] = nil
            socket.close()
        }
    }
}
