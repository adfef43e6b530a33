import EventLoop

/// A socket of a connection that curl has made, and what the loop watches it for.
///
/// curl lets go of a socket with each response's end and takes it up again with the next request. Following that to the letter
/// takes seven system calls a request, so of a connection the poll stays as it is for as long as nothing comes of it: what
/// comes and is not waited for is watched no more.
final class WatchedSocket {
    /// Whether curl tells when it is closed.
    let isConnection: Bool

    /// The port of a connection's own end, once that is known.
    var port: Int32?

    private let socket: Int32
    private let loop: Loop
    /// Told of what is wanted, and of errors while anything is.
    var fire: (Readiness) -> Void
    private var poll: DescriptorPoll?
    private var wanted: Readiness = []
    private var watched: Readiness = []

    /// One that is not watched yet.
    init(_ socket: Int32, on loop: Loop, isConnection: Bool, _ fire: @escaping (Readiness) -> Void) {
        self.socket = socket
        self.loop = loop
        self.isConnection = isConnection
        self.fire = fire
    }

    /// What is waited for from now on, and whether the loop goes on for its sake.
    func want(_ readiness: Readiness, keepsLoopRunning: Bool = true) {
        wanted = readiness
        // A socket nearly always has room: not to be watched for in vain.
        if !wanted.isSubset(of: watched) || watched.contains(.writable) && !wanted.contains(.writable) { watch(wanted) }
        poll?.keepsLoopRunning = keepsLoopRunning && !wanted.isEmpty
    }

    private func watch(_ readiness: Readiness) {
        if poll == nil {
            // Without a poll the transfer runs into its time limit; there is no better way to tell curl.
            poll = try? DescriptorPoll(on: loop, descriptor: socket) { [unowned self] in ready($0) }
        }
        watched = readiness
        if readiness.isEmpty { poll?.stop() } else { poll?.watch(for: readiness) }
    }

    private func ready(_ readiness: Readiness) {
        if readiness.contains(.error) {
            watched = []
            if !wanted.isEmpty { fire(readiness) }
            return
        }
        if !readiness.isSubset(of: wanted) { watch(wanted) }
        let due = readiness.intersection(wanted)
        if !due.isEmpty { fire(due) }
    }

    /// Lets go of the socket.
    func close() {
        poll?.close()
        poll = nil
    }
}
