import Bytes
internal import CCurl
import EventLoop
import Glibc
import HTTPParsing

/// A connection to upstream that streams use one after the other, with HTTP/1.1 of our own.
///
/// curl makes it, through a proxy and with TLS as they are set, and moves its bytes (`CURLOPT_CONNECT_ONLY`).
@safe final class UpstreamConnection: CurlTransfer {
    let origin: Origin

    /// Reads the responses.
    var parser = ResponseParser()

    /// The stream whose request it carries; nil while it is kept.
    var stream: StreamTransfer?

    /// Since when it has been kept, in the loop's milliseconds.
    var keptSince: UInt64 = 0

    /// Whether it has carried an exchange before this one.
    var isUsed = false

    private unowned let client: UpstreamClient
    private var socket: WatchedSocket?
    private var isClosed = false

    /// Whether bytes can be sent and received.
    var isOpen: Bool { socket != nil && !isClosed }

    init(to origin: Origin, easy: EasyHandle, client: UpstreamClient) {
        self.origin = origin
        self.client = client
        super.init(easy)
        _ = unsafe shim_easy_set_text(raw, CURLOPT_URL, origin.text)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECT_ONLY, 1)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, client.settings.connectTimeout))
    }

    /// curl has made the connection, or could not.
    func connected(_ code: CURLcode, issuer: String?) {
        if let failure = failure(code, issuer: issuer) {
            stream?.connected(failure)
            return
        }
        var number = curl_socket_t(-1)
        _ = unsafe shim_easy_get_socket(raw, &number)
        socket = easy.multi?.takeOver(number) { [unowned self] in ready($0) }
        if let tls = unsafe shim_easy_tls(raw) { unsafe shim_prepare_streaming(tls) }
        stream?.connected(isOpen ? nil : .unreachable("the connection was lost while it was made"))
    }

    /// What has become of bytes that were to be sent.
    enum Sent {
        /// So many have gone.
        case some(Int)
        /// There is no room: see `watch`.
        case later
        case failed(FetchFailure)
    }

    func send(_ bytes: Span<UInt8>) -> Sent {
        var count = 0
        let code = unsafe bytes.withUnsafeBytes { unsafe curl_easy_send(raw, $0.baseAddress, $0.count, &count) }
        switch code {
        case CURLE_OK where count > 0: return .some(count)
        case CURLE_OK, CURLE_AGAIN: return .later
        default: return .failed(.cut(text(code)))
        }
    }

    /// What has come.
    enum Received {
        /// So many bytes; whether there may be more at once.
        case some(Int, more: Bool)
        case nothing
        /// The end, in good order.
        case end
        case failed(FetchFailure)
    }

    func receive(into room: ReadingRoom) -> Received {
        var count = 0
        let code = unsafe curl_easy_recv(raw, room.raw.baseAddress, room.raw.count, &count)
        switch code {
        // A socket that gives less than there is room for is empty.
        case CURLE_OK where count > 0: return .some(count, more: mayHoldBytes || count == ReadingRoom.size)
        // With TLS anybody between could end the connection.
        case CURLE_OK:
            return unsafe TLSFarewell(raw)?.wasSaid ?? true
                ? .end : .failed(.cut("the connection ended without TLS's close_notify"))
        case CURLE_AGAIN: return .nothing
        default: return .failed(.cut(text(code)))
        }
    }

    /// Whether something between the socket and us, the origin's TLS or a proxy's, may have bytes that were not received yet.
    private var mayHoldBytes: Bool { origin.isSecure || client.settings.proxy != "" }

    /// Whether a request may go out: what waits here already, perhaps a whole response, would be taken for its answer.
    func isQuiet() -> Bool {
        if case .nothing = receive(into: client.room) { true } else { false }
    }

    /// What is waited for from now on.
    func watch(_ readiness: Readiness) { socket?.want(readiness) }

    /// Minds the connection's end while it is kept, without keeping the loop running.
    func rest() { socket?.want(.readable, keepsLoopRunning: false) }

    private func ready(_ readiness: Readiness) {
        if let stream { stream.ready(readiness) } else { client.stirred(self) }
    }

    /// Closes it at once. A second time does nothing.
    func close() {
        if isClosed { return }
        isClosed = true
        stream = nil
        easy.multi?.remove(self)
    }
}
