import Bytes
internal import CCurl
import Glibc

/// The TLS of a connection that curl has made, on its socket without curl between.
///
/// For each call to send or receive, curl searches all its connections for this one. What it has set up stays as it is:
/// the keys, whom to trust, and when the connection is closed. SIGPIPE must be ignored (`ignoreBrokenPipes`): OpenSSL does
/// not ask the system for an error instead.
@safe struct TLSSocket {
    private let raw: OpaquePointer

    /// Makes TLS read and write the socket itself. Curl, which owns `tls`, must not be called any more to send or receive;
    /// it still closes the connection. Nil if that is not possible: versions 8.0 to 8.8 may have read bytes ahead.
    ///
    /// Call it only after the first bytes of the peer, because TLS sessions that arrive later are not kept for the next
    /// connection. A peer sends them first.
    init?(_ tls: OpaquePointer, on descriptor: Int32) {
        guard !readsAhead, unsafe shim_attach_socket(tls, descriptor) == 1 else { return nil }
        unsafe raw = tls
    }

    func send(_ bytes: Span<UInt8>) -> CurlConnection.Sent {
        forgetErrors()
        let count = unsafe bytes.withUnsafeBytes {
            unsafe SSL_write(raw, $0.baseAddress, Int32(clamping: $0.count))
        }
        if count > 0 { return .some(Int(count)) }
        return switch reason(count) {
        case .later: .later
        case .ended: .failed(.cut("Send failure: the peer has ended TLS"), isReset: false)
        // If the peer ended cleanly, reading finds its close_notify; nothing else proves a clean end.
        case .failed(let text): .failed(.cut("Send failure: \(text)"), isReset: false)
        }
    }

    func receive(into buffer: ReadBuffer) -> CurlConnection.Received {
        forgetErrors()
        let count = unsafe SSL_read(raw, buffer.raw.baseAddress, Int32(ReadBuffer.size))
        if count > 0 {
            // After less than a full record the socket is nearly always empty. If it is not, the loop says so again.
            let more = unsafe count == Self.fullRecord || SSL_has_pending(raw) != 0
            return .some(Int(count), more: more)
        }
        return switch reason(count) {
        case .later: .nothing
        case .ended: .end
        case .failed(let text): .failed(.cut("Recv failure: \(text)"))
        }
    }

    /// OpenSSL tells why a call failed by what it finds in this thread's errors, where other calls may have left some.
    /// Nearly always there are none, and to see that costs less than to remove them.
    private func forgetErrors() { if ERR_peek_error() != 0 { ERR_clear_error() } }

    /// The most bytes that a record has (RFC 8446 section 5.1).
    private static let fullRecord: Int32 = 1 << 14

    /// Why a call has moved no bytes.
    private enum Reason {
        case later
        /// By the peer's close_notify.
        case ended
        case failed(String)
    }

    private func reason(_ result: Int32) -> Reason {
        let code = errno
        switch unsafe SSL_get_error(raw, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .later
        case SSL_ERROR_ZERO_RETURN: return .ended
        case SSL_ERROR_SYSCALL where code != 0: return unsafe .failed(String(cString: strerror(code)))
        default:
            guard let text = unsafe ERR_reason_error_string(ERR_peek_error()) else { return .failed("TLS failed") }
            return unsafe .failed(String(cString: text))
        }
    }
}

/// Whether this curl reads more of a socket than TLS has asked for.
private let readsAhead = (0x08_00_00..<0x08_09_00).contains(shim_curl_version())
