import Bytes
internal import CCurl
import EventLoop
import Glibc

/// A connection that curl makes, with proxy and TLS, and whose bytes it moves (`CURLOPT_CONNECT_ONLY`). Its subclasses
/// speak the protocol.
@safe class CurlConnection: CurlTransfer {
    /// Whether a layer between the socket and us, the server's TLS or a proxy's, may hold bytes that were not received
    /// yet.
    private let mayHoldBytes: Bool
    private var socket: WatchedSocket?
    private var isClosed = false

    /// Whether bytes can be sent and received.
    final var isOpen: Bool { socket != nil && !isClosed }

    /// `url` has the scheme `http`, or `https` for TLS. `timeout` is the limit for making the connection, in
    /// milliseconds.
    init(to url: String, easy: EasyHandle, mayHoldBytes: Bool, timeout: Int) {
        self.mayHoldBytes = mayHoldBytes
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
        if let tls = unsafe shim_easy_tls(raw) { unsafe shim_prepare_streaming(tls) }
    }

    /// What happened to bytes that were to be sent.
    enum Sent {
        /// This many were sent.
        case some(Int)
        /// The socket accepts no more for now: see `watch`.
        case later
        case failed(FetchFailure)
    }

    final func send(_ bytes: Span<UInt8>) -> Sent {
        var count = 0
        let code = unsafe bytes.withUnsafeBytes { unsafe curl_easy_send(raw, $0.baseAddress, $0.count, &count) }
        switch code {
        case CURLE_OK where count > 0: return .some(count)
        case CURLE_OK, CURLE_AGAIN: return .later
        default: return .failed(.cut(text(code)))
        }
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
        var count = 0
        let code = unsafe curl_easy_recv(raw, buffer.raw.baseAddress, buffer.raw.count, &count)
        switch code {
        // A socket that returns less than was asked for is empty.
        case CURLE_OK where count > 0: return .some(count, more: mayHoldBytes || count == ReadBuffer.size)
        // With TLS, any device on the path could end the connection.
        case CURLE_OK:
            return unsafe TLSCloseNotify(raw)?.wasReceived ?? true
                ? .end : .failed(.cut("the connection ended without TLS's close_notify"))
        case CURLE_AGAIN: return .nothing
        default: return .failed(.cut(text(code)))
        }
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
