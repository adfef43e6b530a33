internal import CCurl

/// What a transfer was doing when it ran out of time.
public enum FetchPhase: String, Sendable {
    /// Resolving the name.
    case resolving = "resolving the name"
    /// Connecting to the address, or through the proxy.
    case connecting
    /// The TLS handshake.
    case handshake = "the TLS handshake"
    /// Waiting for the response's head.
    case head = "waiting for the response"
    /// Reading the response's body.
    case body = "reading the body"
}

/// Why a fetch has no response. No case contains any of the request's fields.
public enum FetchFailure: Error, Equatable, Sendable {
    /// Connecting failed: refused, or no route.
    case unreachable(String)
    /// The name has no address.
    case nameNotResolved(String)
    /// Connecting, or the whole fetch, took too long.
    case timeout(FetchPhase)
    /// No TLS, or a certificate that is not trusted.
    case tls(String)
    /// The connection ended before the response did.
    case cut(String)
    /// The body has more bytes than the limit.
    case tooLarge(limit: Int)
    /// There is no room for the body now.
    case noRoom
    /// The response is not HTTP, or its coding is broken.
    case malformed(String)
    /// More redirects than the limit.
    case tooManyRedirects(limit: Int)
    /// A redirect to another origin, which was not followed.
    case redirectElsewhere(String)
    /// The client was closed.
    case cancelled
    /// Anything else that curl reports.
    case other(String)

    /// A description for people.
    public var message: String {
        switch self {
        case .unreachable(let why): "upstream cannot be reached: \(why)"
        case .nameNotResolved(let why): "upstream's name does not resolve: \(why)"
        case .timeout(let phase): "upstream took too long: \(phase.rawValue)"
        case .tls(let why): "no secure connection to upstream: \(why)"
        case .cut(let why): "upstream's response was cut short: \(why)"
        case .tooLarge(let limit): "upstream's response is larger than \(limit) bytes"
        case .noRoom: "not enough memory for upstream's response now"
        case .malformed(let why): "upstream's response is malformed: \(why)"
        case .tooManyRedirects(let limit): "upstream redirected more than \(limit) times"
        case .redirectElsewhere(let origin): "upstream redirected to another origin, \(origin)"
        case .cancelled: "the fetch was cancelled"
        case .other(let why): "the fetch failed: \(why)"
        }
    }
}

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
        // A kept connection has ended, and the part of the body that was sent on it cannot be sent again.
        case CURLE_SEND_FAIL_REWIND: self = .cut(text)
        // Receiving fails for a connection that was cut, but also for invalid chunks and a tunnel that was denied.
        case CURLE_RECV_ERROR where text.contains("chunk"): self = .malformed(text)
        case CURLE_RECV_ERROR where phase != .head && phase != .body: self = .unreachable(text)
        case CURLE_RECV_ERROR: self = .cut(text)
        case CURLE_FILESIZE_EXCEEDED: self = .tooLarge(limit: limit)
        // "Unsupported protocol" means a response that does not begin like HTTP/1: the URL's scheme was checked before.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING, CURLE_HTTP2:
            self = .malformed(text)
        // curl (7.88) reports this for a line that is longer than its line buffer, 100 KiB.
        case CURLE_OUT_OF_MEMORY where phase == .head: self = .malformed("a line of its head is too long")
        case lineTooLarge where phase == .head: self = .malformed("a line of its head is too long")
        // None of our callbacks has rejected anything: bytes follow the end of what curl decodes.
        case CURLE_WRITE_ERROR: self = .malformed("its body continues after the end of its compressed data")
        default: self = .other(text)
        }
    }
}

/// `CURLE_TOO_LARGE`, new in curl 8.6.
private let lineTooLarge = CURLcode(rawValue: 100)
