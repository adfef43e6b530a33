public import HTTPCore

/// Why a request cannot be read. After one, nothing more can be: the connection is answered and closed.
public enum ParseFailure: Error, Equatable, Sendable {
    /// Not HTTP/1.1 as RFC 9112 has it; the text is the parser's own word for what is wrong.
    case malformed(String)
    /// An HTTP version other than 1.0 and 1.1.
    case version
    /// The body has a transfer coding other than chunks (RFC 9112 section 6.1).
    case transferCoding
    /// The request target is longer than `HeadLimits.targetBytes`.
    case targetTooLong
    /// There are more than `HeadLimits.fields` field lines.
    case tooManyFields
    /// The head is longer than `HeadLimits.headBytes`.
    case headTooLarge

    /// The status that tells the client (RFC 9110 sections 15.5 and 15.6, and RFC 6585 section 5).
    public var status: Status {
        switch self {
        case .malformed: .badRequest
        case .version: .httpVersionNotSupported
        case .transferCoding: .notImplemented
        case .targetTooLong: .uriTooLong
        case .tooManyFields, .headTooLarge: .requestHeaderFieldsTooLarge
        }
    }
}

extension ParseFailure {
    /// One sentence for the client.
    public var message: String {
        switch self {
        case .malformed(let reason): "the request is not valid HTTP/1.1: \(reason)"
        case .version: "only HTTP/1.0 and HTTP/1.1 are spoken here"
        case .transferCoding: "of all transfer codings only chunked is known"
        case .targetTooLong: "the request target is too long"
        case .tooManyFields: "the request has too many header fields"
        case .headTooLarge: "the request head is too large"
        }
    }
}
