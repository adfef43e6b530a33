public import Bytes
import HTTPCore

/// A request that is passed on, as somebody else has made it.
public struct StreamRequest: ~Copyable {
    /// How the request's body is framed.
    public enum Body: Sendable, Equatable {
        /// There is none, and nothing says so.
        case none
        /// So many bytes, told by `Content-Length`.
        case length(Int)
        /// As many as come, in chunks.
        case chunked
    }

    /// The method, which is case-sensitive; any but `CONNECT`.
    public let method: String

    /// The scheme and authority to connect to, such as `https://example.com`; a path behind them is not regarded.
    public let url: String

    /// The body's framing; its bytes are sent by `UpstreamStream.send`. That of a HEAD is dropped.
    public let body: Body

    /// The request target to send, byte for byte: a path with its query, or `*`.
    public var target = ByteBuilder(capacity: 256)

    /// The fields as they are sent.
    private(set) var fields = ByteBuilder(capacity: 1000)
    private var areFieldsSound = true

    /// A request that has no target yet, and no fields.
    public init(method: String, url: String, body: Body = .none) {
        self.method = method
        self.url = url
        self.body = body
    }

    /// Adds a field, which is sent byte for byte, in this order. What belongs to the connection is the caller's to leave out;
    /// `Host`, `Content-Length` and `Transfer-Encoding` are passed over here, because they are set by `url` and `body`.
    public mutating func add(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        guard FieldSyntax.isToken(name), FieldSyntax.isValue(value) else {
            areFieldsSound = false
            return
        }
        switch name.count {
        case 4 where name.equalsIgnoringCase("host"): return
        case 14 where name.equalsIgnoringCase("content-length"): return
        case 17 where name.equalsIgnoringCase("transfer-encoding"): return
        default: fields.append(line: name, value)
        }
    }

    /// What keeps it from being sent as it is; nil if nothing does.
    var flaw: FetchFailure? {
        guard FieldSyntax.isToken(method.utf8.span), method != "CONNECT" else {
            return .other("the method is none that can be passed on")
        }
        guard isTarget(target.span) else { return .other("the request target is none that can be sent") }
        guard areFieldsSound else { return .other("a request field has a character that no field may have") }
        if case .length(let count) = body, count < 0 { return .other("the body's length is below zero") }
        return nil
    }

    /// The framing as it is sent: the body of a HEAD would mean nothing (RFC 9110 section 9.3.2).
    var sentBody: Body { method == "HEAD" ? .none : body }
}

/// Whether a request may be sent a second time where it is not known what became of the first (RFC 9110 section 9.2.2).
func isIdempotent(_ method: String) -> Bool {
    switch method {
    case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE": true
    default: false
    }
}

private func isTarget(_ target: Span<UInt8>) -> Bool {
    for index in 0..<target.count where target[index] <= 0x20 || target[index] == 0x7F { return false }
    return target.starts(with: "/") || target.equals("*")
}
