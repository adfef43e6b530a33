internal import CCurl
import EventLoop
import Glibc

/// curl's multi interface on a loop: curl says which sockets and which time it waits for, and is called when they come.
///
/// curl must not be called from its own callbacks. Those here only note what to wait for, those of a transfer only what has
/// come; all is told after curl has returned, so whoever is told may begin, pause and end transfers at will.
@safe final class CurlMulti {
    /// The most connections that are kept.
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

    /// Whether curl, or what is told after it, is being called by the loop; `turned` comes after it.
    private(set) var isActing = false

    /// `ended` is told of each transfer that has come to its end, `turned` of the end of each round of calls.
    init(on loop: Loop, ended: @escaping (CurlTransfer, CURLcode) -> Void, turned: @escaping () -> Void) {
        self.loop = loop
        self.ended = ended
        self.turned = turned
        precondition(curlIsReady, "curl cannot be used")
        unsafe raw = curl_multi_init()!
        timer = LoopTimer(on: loop) { self.act(CURL_SOCKET_TIMEOUT, 0) }
        // curl's own bound is four for each transfer under way, so that between two bursts it would close most.
        _ = unsafe shim_multi_set_long(raw, CURLMOPT_MAXCONNECTS, CurlMulti.mostIdle)
        // Unretained: curl calls within calls of ours only, and after `close()` no more.
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe shim_multi_set_socket(raw, socketChanged, me)
        _ = unsafe shim_multi_set_timer(raw, timeChanged, me)
    }

    /// Has the sockets of an easy handle's connections, which may outlive it but not this object, told to this object.
    func adopt(_ easy: EasyHandle) {
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe shim_easy_set_socket(easy.raw, socketOpened, socketClosed, me)
        easy.multi = self
    }

    /// Begins a transfer, which the caller keeps until `remove`.
    func add(_ transfer: CurlTransfer) { _ = unsafe curl_multi_add_handle(raw, transfer.raw) }

    /// Begins those that `body` adds, without waiting for the loop to come round to curl's first wish.
    func addAtOnce(_ body: () -> Void) {
        isAdding = true
        body()
        isAdding = false
        if isDue {
            isDue = false
            act(CURL_SOCKET_TIMEOUT, 0)
        }
    }

    /// Ends a transfer, at whatever point it is; it is not told any more.
    func remove(_ transfer: CurlTransfer) { _ = unsafe curl_multi_remove_handle(raw, transfer.raw) }

    /// Lets curl receive and send for a transfer, or not. Where receiving goes on, what curl has held back may come at once.
    func allow(_ transfer: CurlTransfer, receiving: Bool, sending: Bool) {
        let held = (receiving ? 0 : CURLPAUSE_RECV) | (sending ? 0 : CURLPAUSE_SEND)
        // It fails where there is no connection yet, or none any more: then nothing is held back.
        _ = unsafe curl_easy_pause(transfer.raw, held)
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
        // A report of this iteration may come for a multi that another callback has closed.
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

    /// The socket of the connection that curl has chosen for a request, by what curl tells of it; nil if that is not known.
    func socket(port: Int32, peer: UnsafePointer<CChar>) -> curl_socket_t? { unsafe ports.find(port: port, peer: peer) }

    /// Has the socket of a connection that curl has made watched for somebody else from now on; nil if there is none.
    func takeOver(_ socket: curl_socket_t, _ fire: @escaping (Readiness) -> Void) -> WatchedSocket? {
        let known = known(socket)
        known?.fire = fire
        return known
    }

    private func makeSocket(_ socket: curl_socket_t, isConnection: Bool) -> WatchedSocket {
        WatchedSocket(socket, on: loop, isConnection: isConnection) { [unowned self] in ready(socket, $0) }
    }

    /// A connection's socket has been made: it is watched until curl has it closed.
    fileprivate func opened(_ socket: curl_socket_t) {
        if !isClosed { replace(socket, by: makeSocket(socket, isConnection: true)) }
    }

    fileprivate func close(_ socket: curl_socket_t) {
        if known(socket) != nil { replace(socket, by: nil) }
        _ = Glibc.close(socket)
    }

    private func ready(_ socket: curl_socket_t, _ readiness: Readiness) {
        var mask: Int32 = 0
        if readiness.contains(.readable) { mask |= CURL_CSELECT_IN }
        if readiness.contains(.writable) { mask |= CURL_CSELECT_OUT }
        // Told of an error, curl gives up; told to read, it finds out which, and asks anew where a kept connection was reset.
        if readiness.contains(.error) { mask = CURL_CSELECT_IN | CURL_CSELECT_OUT }
        act(socket, mask)
    }

    fileprivate func wait(_ milliseconds: Int) {
        if milliseconds == 0, isAdding {
            isDue = true
        } else if milliseconds < 0 {
            timer?.stop()
        } else {
            // The loop's clock stands still during an iteration: without this the timer would be early, and curl would wait
            // for a second call that never comes.
            loop.updateNow()
            timer?.start(after: milliseconds == 0 ? 0 : milliseconds + 1)
        }
    }
}

/// Once for the process; curl counts and locks it by itself.
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
