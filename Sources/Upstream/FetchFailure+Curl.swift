internal import CCurl

extension FetchFailure {
    /// What curl's code means for us; `text` is its own message about this transfer.
    init(_ code: CURLcode, text: String, issuer: String?, phase: FetchPhase, limit: Int) {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .nameNotResolved(text)
        case CURLE_COULDNT_CONNECT, CURLE_PROXY, CURLE_INTERFACE_FAILED: self = .unreachable(text)
        case CURLE_OPERATION_TIMEDOUT: self = .timeout(phase)
        case CURLE_PEER_FAILED_VERIFICATION:
            self = .tls(issuer.map { "\(text); the certificate was issued by \($0)" } ?? text)
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_ISSUER_ERROR, CURLE_SSL_ENGINE_NOTFOUND, CURLE_SSL_ENGINE_SETFAILED,
            CURLE_SSL_ENGINE_INITFAILED, CURLE_SSL_CRL_BADFILE, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
            self = .tls(text)
        case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_HTTP2_STREAM: self = .cut(text)
        // A kept connection has ended, and the part of the body that it took cannot be had again.
        case CURLE_SEND_FAIL_REWIND: self = .cut(text)
        // Reading fails for a connection that was cut, but also for chunks that are none and a tunnel that was denied.
        case CURLE_RECV_ERROR where text.contains("chunk"): self = .malformed(text)
        case CURLE_RECV_ERROR where phase != .head && phase != .body: self = .unreachable(text)
        case CURLE_RECV_ERROR: self = .cut(text)
        case CURLE_FILESIZE_EXCEEDED: self = .tooLarge(limit: limit)
        // "Unsupported protocol" is a response that does not begin like HTTP/1: the URL's scheme was checked before.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2:
            self = .malformed(text)
        // So curl (7.88) calls a line that is longer than its buffer for one, 100 KiB.
        case CURLE_OUT_OF_MEMORY where phase == .head: self = .malformed("a line of its head is too long")
        case lineTooLarge where phase == .head: self = .malformed("a line of its head is too long")
        // None of our callbacks has refused anything: bytes follow the end of what curl decodes.
        case CURLE_WRITE_ERROR: self = .malformed("its body goes on behind the end of its content coding")
        default: self = .other(text)
        }
    }
}

/// `CURLE_TOO_LARGE`, which curl 8.6 has brought.
private let lineTooLarge = CURLcode(rawValue: 100)
