/// What a transfer was doing when it ran out of time.
public enum FetchPhase: String, Sendable {
    /// Asking for the address of the name.
    case resolving = "resolving the name"
    /// Connecting to the address, or through the proxy.
    case connecting
    /// Agreeing on TLS.
    case handshake = "the TLS handshake"
    /// Waiting for the response's head.
    case head = "waiting for the response"
    /// Reading the response's body.
    case body = "reading the body"
}

/// Why a fetch has no response. No case holds anything of the request's fields.
public enum FetchFailure: Error, Equatable, Sendable {
    /// Nothing could be connected to: refused, or no route.
    case unreachable(String)
    /// The name has no address.
    case nameNotResolved(String)
    /// It took too long to connect, or as a whole.
    case timeout(FetchPhase)
    /// No TLS, or a certificate that is not trusted.
    case tls(String)
    /// The connection ended before the response did.
    case cut(String)
    /// The body has more bytes than the limit.
    case tooLarge(limit: Int)
    /// What came is not HTTP, or its coding is broken.
    case malformed(String)
    /// More redirects than are followed.
    case tooManyRedirects(limit: Int)
    /// A redirect to another origin, which was not asked.
    case redirectElsewhere(String)
    /// The client was closed.
    case cancelled
    /// Anything else that curl reports.
    case other(String)

    /// What happened, for a person.
    public var message: String {
        switch self {
        case .unreachable(let why): "upstream cannot be reached: \(why)"
        case .nameNotResolved(let why): "upstream's name has no address: \(why)"
        case .timeout(let phase): "upstream took too long: \(phase.rawValue)"
        case .tls(let why): "no secure connection to upstream: \(why)"
        case .cut(let why): "upstream's response was cut short: \(why)"
        case .tooLarge(let limit): "upstream's response is larger than \(limit) bytes"
        case .malformed(let why): "upstream's response is malformed: \(why)"
        case .tooManyRedirects(let limit): "upstream redirected more than \(limit) times"
        case .redirectElsewhere(let origin): "upstream redirected to another origin, \(origin), which was not asked"
        case .cancelled: "the fetch was cancelled"
        case .other(let why): "the fetch failed: \(why)"
        }
    }
}
