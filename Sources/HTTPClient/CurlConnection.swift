import Bytes
internal import CCurl
import EventLoop
import Glibc

/// A connection that curl makes, with proxy and TLS (`CURLOPT_CONNECT_ONLY`). Its subclasses speak the protocol.
///
/// Curl also moves the first bytes, and all of them if there is a proxy. The others move without it, because for each call
/// it searches all its connections for this one.
@safe class CurlConnection: CurlTransfer {
    /// What is between the socket and us.
    enum Layer {
        case none
        /// The server's TLS.
        case tls
        /// A proxy, perhaps with TLS to it and TLS to the server.
        case proxy
    }

    private let layer: Layer
    private var socket: WatchedSocket?
    /// Curl's, which has it for as long as the socket is open; nil without TLS, and before curl has moved bytes.
    private var tls: OpaquePointer?
    private var hasMovedBytes = false
    /// Nil without TLS, and before the peer's first bytes.
    private var tlsSocket: TLSSocket?
    private var isClosed = false

    /// Whether bytes can be sent and received.
    final var isOpen: Bool { socket != nil && !isClosed }

    /// `url` has the scheme `http`, or `https` for TLS. `timeout` is the limit for making the connection, in
    /// milliseconds.
    init(to url: String, easy: EasyHandle, layer: Layer, timeout: Int) {
        self.layer = layer
        super.init(easy)
        _ = unsafe shim_easy_set_text(raw, CURLOPT_URL, url)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECT_ONLY, 1)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, timeout))
    }

    /// Receives the events of the socket from now on. Call it once curl has made the connection.
    final func takeSocket(_ fire: @escaping (Readiness) -> Void) {
        var number = curl_socket_t(-1)
        _ = unsafe shim_easy_get_socket(raw, &number)
        socket = easy.multi?.takeOver(number, fire)
    }

    /// Until it is called to send or receive, curl (7.88) takes such a connection for an idle one: it does not report its
    /// TLS, and when it makes another connection, it closes this one if it is two minutes old or has unread bytes.
    private func noteMoved() {
        if hasMovedBytes { return }
        hasMovedBytes = true
        unsafe tls = shim_easy_tls(raw)
        if let tls = unsafe tls { unsafe shim_prepare_streaming(tls) }
    }

    /// The descriptor of the socket while it is open.
    private var descriptor: Int32? { isClosed ? nil : socket?.descriptor }

    /// The peer's first bytes have come.
    private func noteReceived() {
        guard layer == .tls, tlsSocket == nil, let descriptor, let tls = unsafe tls else { return }
        tlsSocket = unsafe TLSSocket(tls, on: descriptor)
    }

    /// The descriptor to read and write without curl; nil if there is none, and for the first call (see `noteMoved`).
    private var plainSocket: Int32? { layer == .none && hasMovedBytes ? descriptor : nil }

    /// What the kernel reports about acknowledgements; nil without an open TCP connection.
    final var acknowledgements: AcknowledgementWatch.Report? {
        guard let descriptor else { return nil }
        var info = tcp_info()
        var size = socklen_t(MemoryLayout<tcp_info>.size)
        guard unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_INFO, &info, &size) == 0 else { return nil }
        // A single probe of a closed window may be on its way.
        return AcknowledgementWatch.Report(
            isWaiting: info.tcpi_unacked > 0 || info.tcpi_probes > 1, sinceLast: UInt64(info.tcpi_last_ack_recv))
    }

    /// Whether there is nothing to receive. If there is, some of it may have been read into `buffer`.
    final func isQuiet(readingInto buffer: ReadBuffer) -> Bool {
        // This costs less than to let TLS find out that there is nothing.
        if layer == .tls, let descriptor, let tls = unsafe tls, unsafe SSL_has_pending(tls) == 0 {
            var byte: UInt8 = 0
            let count = unsafe recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
            if count < 0, errno == EAGAIN { return true }
        }
        if case .nothing = receive(into: buffer) { return true }
        return false
    }

    /// What happened to bytes that were to be sent.
    enum Sent {
        /// This many were sent.
        case some(Int)
        /// The socket accepts no more for now: see `watch`.
        case later
        /// `isReset`: the peer may have reset the connection, and the socket will not report it again.
        case failed(FetchFailure, isReset: Bool)
    }

    final func send(_ bytes: Span<UInt8>) -> Sent {
        if let plainSocket { return sendPlain(bytes, on: plainSocket) }
        if !isClosed, let tlsSocket { return tlsSocket.send(bytes) }
        var count = 0
        let code = unsafe bytes.withUnsafeBytes { unsafe curl_easy_send(raw, $0.baseAddress, $0.count, &count) }
        noteMoved()
        switch code {
        case CURLE_OK where count > 0: return .some(count)
        case CURLE_OK, CURLE_AGAIN: return .later
        // Curl does not tell why. With TLS, its close_notify proves a clean end; nothing else does.
        default: return .failed(.cut(text(code)), isReset: unsafe tls == nil)
        }
    }

    private func sendPlain(_ bytes: Span<UInt8>, on socket: Int32) -> Sent {
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        if count > 0 { return .some(count) }
        let code = errno
        if count == 0 || isForLater(code) { return .later }
        // After a clean end it is EPIPE.
        return .failed(.cut(text(code, of: "Send")), isReset: code != EPIPE)
    }

    /// The result of receiving.
    enum Received {
        /// This many bytes, and whether there may be more at once.
        case some(Int, more: Bool)
        case nothing
        /// A clean end.
        case end
        case failed(FetchFailure)
    }

    final func receive(into buffer: ReadBuffer) -> Received {
        if let plainSocket { return receivePlain(from: plainSocket, into: buffer) }
        if !isClosed, let tlsSocket { return tlsSocket.receive(into: buffer) }
        var count = 0
        let code = unsafe curl_easy_recv(raw, buffer.raw.baseAddress, buffer.raw.count, &count)
        noteMoved()
        switch code {
        case CURLE_OK where count > 0:
            noteReceived()
            return .some(count, more: true)
        // With TLS, any device on the path could end the connection.
        case CURLE_OK:
            return unsafe TLSCloseNotify(raw)?.wasReceived ?? true
                ? .end : .failed(.cut("the connection ended without TLS's close_notify"))
        case CURLE_AGAIN: return .nothing
        default: return .failed(.cut(text(code)))
        }
    }

    private func receivePlain(from socket: Int32, into buffer: ReadBuffer) -> Received {
        let count = unsafe recv(socket, buffer.raw.baseAddress, buffer.raw.count, 0)
        // A socket that returns less than was asked for is empty.
        if count > 0 { return .some(count, more: count == ReadBuffer.size) }
        if count == 0 { return .end }
        return isForLater(errno) ? .nothing : .failed(.cut(text(errno, of: "Recv")))
    }

    private func isForLater(_ error: Int32) -> Bool { error == EAGAIN || error == EINTR || error == EINPROGRESS }

    /// A failed call in curl's words.
    private func text(_ error: Int32, of call: String) -> String {
        unsafe "\(call) failure: \(String(cString: strerror(error)))"
    }

    /// Sets which events to wait for from now on.
    final func watch(_ readiness: Readiness, keepsLoopRunning: Bool = true) {
        socket?.want(readiness, keepsLoopRunning: keepsLoopRunning)
    }

    /// Closes it at once. A second call does nothing.
    final func disconnect() {
        if isClosed { return }
        isClosed = true
        easy.multi?.remove(self)
    }
}

/// The memory that the connections of a client are read into, one after the other.
@safe final class ReadBuffer {
    /// In bytes.
    static let size = 64 << 10

    let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)

    deinit { unsafe raw.deallocate() }
}
