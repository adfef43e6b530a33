internal import CCurl
import EventLoop
import Glibc

/// curl's multi interface on a loop: curl says which sockets and which timeout it waits for, and is called when they
/// are due.
///
/// curl must not be called from its own callbacks. The callbacks here only record what to wait for, and those of a
/// transfer only what has arrived. All reports come after curl has returned, so their receivers may begin, pause and
/// end transfers at will.
@safe final class CurlMulti {
    /// The maximum number of connections to keep.
    private static let mostIdle = 128

    private let loop: Loop
    private let raw: UnsafeMutableRawPointer
    private let ended: (CurlTransfer, CURLcode) -> Void
    private let turned: () -> Void
    /// By their descriptors.
    private var sockets: [WatchedSocket?] = []
    private var ports = SocketsByPort()
    private var timer: LoopTimer?
    private var isClosed = false
    private var isAdding = false
    /// Whether curl wants to be called at once.
    private var isDue = false

    /// Whether the loop is calling curl, or the reports that follow; `turned` comes after it.
    private(set) var isActing = false

    /// How many transfers were added and not removed.
    private(set) var transferCount = 0

    /// How long data that was sent on a connection may stay without the peer's acknowledgement, in milliseconds; nil
    /// for the kernel's own limit, a quarter of an hour.
    private let acknowledgementLimit: Int?

    /// `ended` is called for each transfer that has ended, `turned` at the end of each round of calls.
    init(
        on loop: Loop, acknowledgementLimit: Int? = nil, ended: @escaping (CurlTransfer, CURLcode) -> Void,
        turned: @escaping () -> Void
    ) {
        self.loop = loop
        self.acknowledgementLimit = acknowledgementLimit
        self.ended = ended
        self.turned = turned
        precondition(curlIsReady, "curl cannot be used")
        unsafe raw = curl_multi_init()!
        timer = LoopTimer(on: loop) { self.act(CURL_SOCKET_TIMEOUT, 0) }
        // curl's own limit is four for each running transfer, so that it would close most of them between two bursts.
        _ = unsafe shim_multi_set_long(raw, CURLMOPT_MAXCONNECTS, CurlMulti.mostIdle)
        // Unretained: curl calls back only within our own calls, and never after `close()`.
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe shim_multi_set_socket(raw, socketChanged, me)
        _ = unsafe shim_multi_set_timer(raw, timeChanged, me)
    }

    /// Makes curl report the sockets of an easy handle's connections to this object. They may outlive the handle but
    /// not this object.
    func adopt(_ easy: EasyHandle) {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe shim_easy_set_socket(easy.raw, socketOpened, socketClosed, me)
        easy.multi = self
    }

    /// Begins a transfer, which the caller keeps until `remove`.
    func add(_ transfer: CurlTransfer) {
        transferCount += 1
        _ = unsafe curl_multi_add_handle(raw, transfer.raw)
    }

    /// Begins the transfers that `body` adds, without waiting for the loop to run curl's first timer.
    func addAtOnce(_ body: () -> Void) {
        isAdding = true
        body()
        isAdding = false
        if isDue {
            isDue = false
            act(CURL_SOCKET_TIMEOUT, 0)
        }
    }

    /// Ends a transfer in any state; there are no further reports of it.
    func remove(_ transfer: CurlTransfer) {
        transferCount -= 1
        _ = unsafe curl_multi_remove_handle(raw, transfer.raw)
    }

    /// Lets curl continue a transfer that it holds back. The data that it kept may arrive at once.
    func resume(_ transfer: CurlTransfer) {
        // It also fails if there is no connection yet, or none any more: then nothing is held back.
        let code = unsafe curl_easy_pause(transfer.raw, CURLPAUSE_CONT)
        // If the data is not wanted, curl (7.88) neither ends the transfer nor continues it.
        if code != CURLE_OK, transfer.stopped != nil { ended(transfer, code) }
    }

    /// Closes every connection. No transfer may be left.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        _ = unsafe curl_multi_cleanup(raw)
        for socket in sockets { socket?.close() }
        sockets = []
        timer?.close()
        timer = nil
    }

    private func act(_ socket: curl_socket_t, _ mask: Int32) {
        // An event of this iteration may arrive for a multi handle that another callback has closed.
        if isClosed { return }
        isActing = true
        var running: Int32 = 0
        _ = unsafe curl_multi_socket_action(raw, socket, mask, &running)
        var left: Int32 = 0
        while !isClosed, let message = unsafe curl_multi_info_read(raw, &left) {
            var code = CURLE_OK
            guard let easy = unsafe shim_message_ended(message, &code) else { continue }
            ended(unsafe CurlTransfer.of(easy), code)
        }
        isActing = false
        turned()
    }

    private func known(_ socket: curl_socket_t) -> WatchedSocket? {
        sockets.indices.contains(Int(socket)) ? sockets[Int(socket)] : nil
    }

    private func replace(_ socket: curl_socket_t, by new: WatchedSocket?) {
        if let known = known(socket) {
            known.close()
            if let port = known.port { ports.remove(socket, port: port) }
        }
        while sockets.count <= Int(socket) { sockets.append(nil) }
        sockets[Int(socket)] = new
    }

    fileprivate func watch(_ socket: curl_socket_t, _ what: Int32) {
        if what == CURL_POLL_REMOVE {
            guard let known = known(socket) else { return }
            if known.isConnection { known.want([]) } else { replace(socket, by: nil) }
            return
        }
        let watched: WatchedSocket
        if let known = known(socket) {
            watched = known
        } else {
            // One of curl's own, such as its resolver's.
            watched = makeSocket(socket, isConnection: false)
            replace(socket, by: watched)
        }
        var readiness: Readiness = []
        if what & CURL_POLL_IN != 0 { readiness.insert(.readable) }
        if what & CURL_POLL_OUT != 0 { readiness.insert(.writable) }
        if watched.isConnection, watched.port == nil { watched.port = ports.add(socket) }
        watched.want(readiness)
    }

    /// The socket of the connection that curl has chosen for a request, found by what curl reports about it; nil if it
    /// is not known.
    func socket(port: Int32, peer: UnsafePointer<CChar>) -> curl_socket_t? { unsafe ports.find(port: port, peer: peer) }

    /// Hands the socket of a connection that curl has made to another watcher from now on; nil if there is none.
    func takeOver(_ socket: curl_socket_t, _ fire: @escaping (Readiness) -> Void) -> WatchedSocket? {
        let known = known(socket)
        known?.fire = fire
        return known
    }

    private func makeSocket(_ socket: curl_socket_t, isConnection: Bool) -> WatchedSocket {
        WatchedSocket(socket, on: loop, isConnection: isConnection) { [unowned self] in ready(socket, $0) }
    }

    /// A connection's socket has been made. It is watched until curl closes it.
    fileprivate func opened(_ socket: curl_socket_t) {
        if isClosed { return }
        if let limit = acknowledgementLimit {
            var value = UInt32(clamping: limit)
            // A unix socket does not have this option and does not need it.
            _ = unsafe setsockopt(
                socket, Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &value, socklen_t(MemoryLayout<UInt32>.size))
        }
        replace(socket, by: makeSocket(socket, isConnection: true))
    }

    fileprivate func close(_ socket: curl_socket_t) {
        if known(socket) != nil { replace(socket, by: nil) }
        _ = Glibc.close(socket)
    }

    private func ready(_ socket: curl_socket_t, _ readiness: Readiness) {
        var mask: Int32 = 0
        if readiness.contains(.readable) { mask |= CURL_CSELECT_IN }
        if readiness.contains(.writable) { mask |= CURL_CSELECT_OUT }
        // If an error is reported, curl gives up. If readability is reported, it finds the error itself, and sends the
        // request again if a kept connection was reset.
        if readiness.contains(.error) { mask = CURL_CSELECT_IN | CURL_CSELECT_OUT }
        act(socket, mask)
    }

    fileprivate func wait(_ milliseconds: Int) {
        if milliseconds == 0, isAdding {
            isDue = true
        } else if milliseconds < 0 {
            timer?.stop()
        } else {
            // The loop's clock does not advance during an iteration. Without this the timer would be early, and curl
            // would wait for a second call that never comes.
            loop.updateNow()
            timer?.start(after: milliseconds == 0 ? 0 : milliseconds + 1)
        }
    }
}

/// Once for the process; curl counts and locks it itself.
private let curlIsReady = shim_global_init() == CURLE_OK

// MARK: C callbacks

private func socketChanged(
    _ easy: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ what: Int32, _ context: UnsafeMutableRawPointer?,
    _ unused: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe Unmanaged<CurlMulti>.fromOpaque(context!).takeUnretainedValue().watch(socket, what)
    return 0
}

private func timeChanged(
    _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    unsafe Unmanaged<CurlMulti>.fromOpaque(context!).takeUnretainedValue().wait(milliseconds)
    return 0
}

private func socketOpened(
    _ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ purpose: curlsocktype
) -> Int32 {
    unsafe Unmanaged<CurlMulti>.fromOpaque(context!).takeUnretainedValue().opened(socket)
    return CURL_SOCKOPT_OK
}

private func socketClosed(_ context: UnsafeMutableRawPointer?, _ socket: curl_socket_t) -> Int32 {
    unsafe Unmanaged<CurlMulti>.fromOpaque(context!).takeUnretainedValue().close(socket)
    return 0
}

/// A socket of a connection that curl has made, and what the loop watches it for.
///
/// curl stops watching a socket at the end of each response and starts again with the next request. Following that
/// exactly takes seven system calls a request. So the poll of a connection stays unchanged until an event arrives. An
/// event that is not waited for ends the watching.
final class WatchedSocket {
    /// Whether curl reports when it is closed.
    let isConnection: Bool

    /// The connection's local port, once it is known.
    var port: Int32?

    /// Nil once it is closed: the system may then give its number to another.
    private(set) var descriptor: Int32?
    private let loop: Loop
    /// Receives the events that are wanted, and errors while any event is wanted.
    var fire: (Readiness) -> Void
    private var poll: DescriptorPoll?
    private var wanted: Readiness = []
    private var watched: Readiness = []

    /// A socket that is not watched yet.
    init(_ socket: Int32, on loop: Loop, isConnection: Bool, _ fire: @escaping (Readiness) -> Void) {
        descriptor = socket
        self.loop = loop
        self.isConnection = isConnection
        self.fire = fire
    }

    /// Sets the events to wait for from now on, and whether they keep the loop running.
    func want(_ readiness: Readiness, keepsLoopRunning: Bool = true) {
        wanted = readiness
        // A socket nearly always has room, so it must not be watched for room without need.
        if !wanted.isSubset(of: watched) || watched.contains(.writable) && !wanted.contains(.writable) { watch(wanted) }
        poll?.keepsLoopRunning = keepsLoopRunning && !wanted.isEmpty
    }

    private func watch(_ readiness: Readiness) {
        if poll == nil, let descriptor {
            // Without a poll the transfer runs into its time limit; there is no better way to notify curl.
            poll = try? DescriptorPoll(on: loop, descriptor: descriptor) { [unowned self] in ready($0) }
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

    /// Stops watching the socket and releases it.
    func close() {
        descriptor = nil
        poll?.close()
        poll = nil
    }
}

/// The sockets of connections by their local port. The port is what curl (7.88) reports about the connection that it
/// has chosen for a request; it does not report the socket.
struct SocketsByPort {
    /// Nearly always one socket for each port. Connections to different addresses may have the same port.
    private var sockets: [Int32: [curl_socket_t]] = [:]

    /// Adds a socket that has been bound. Returns the port, by which to remove it.
    mutating func add(_ socket: curl_socket_t) -> Int32 {
        let port = shim_own_port(socket)
        sockets[port, default: []].append(socket)
        return port
    }

    mutating func remove(_ socket: curl_socket_t, port: Int32) {
        sockets[port]?.removeAll { $0 == socket }
        if sockets[port]?.isEmpty == true { sockets[port] = nil }
    }

    /// The socket with this port whose other end has this address; nil if it is not known.
    func find(port: Int32, peer: UnsafePointer<CChar>) -> curl_socket_t? {
        guard let all = sockets[port] else { return nil }
        return all.count == 1 ? all[0] : all.last { unsafe shim_has_peer($0, peer) != 0 }
    }
}
