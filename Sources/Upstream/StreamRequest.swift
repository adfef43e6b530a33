/// The fields of a streamed response in order: names as they were spelled, values without the white space around them.
public typealias StreamFields = [(name: [UInt8], value: [UInt8])]

/// A request that is passed on, as somebody else has made it.
public struct StreamRequest: Sendable {
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
    public var method: String

    /// The scheme and authority to connect to, such as `https://example.com`; a path behind them is not regarded.
    public var url: String

    /// The request target to send, byte for byte: a path with its query, or `*`.
    public var target: [UInt8]

    /// The fields to send, in order and byte for byte. What belongs to the connection is the caller's to leave out; `Host`,
    /// `Content-Length` and `Transfer-Encoding` are passed over here, because curl sets them by `url` and `body`.
    public var fields: [(name: String, value: [UInt8])]

    /// The body's framing; its bytes are sent by `UpstreamStream.send`. That of a HEAD is dropped.
    public var body: Body

    /// A request.
    public init(
        method: String, url: String, target: [UInt8], fields: [(name: String, value: [UInt8])] = [], body: Body = .none
    ) {
        self.method = method
        self.url = url
        self.target = target
        self.fields = fields
        self.body = body
    }

    /// What keeps it from being sent as it is; nil if nothing does.
    var flaw: FetchFailure? {
        guard isToken(method), method != "CONNECT" else { return .other("the method is none that can be passed on") }
        guard target == [UInt8(ascii: "*")] || target.first == UInt8(ascii: "/"),
            target.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { return .other("the request target is none that can be sent") }
        guard fields.allSatisfy({ isToken($0.name) && isFieldValue($0.value) }) else {
            return .other("a request field has a character that no field may have")
        }
        if case .length(let count) = body, count < 0 { return .other("the body's length is below zero") }
        return nil
    }

    /// The framing as it is sent: a HEAD never has a body with curl, and one would mean nothing (RFC 9110 section 9.3.2).
    var sentBody: Body { method == "HEAD" ? .none : body }

    /// Whether it may be sent a second time where it is not known what became of the first (RFC 9110 section 9.2.2).
    var isIdempotent: Bool { ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"].contains(method) }
}

/// RFC 9110 section 5.6.2.
func isToken(_ text: String) -> Bool {
    !text.isEmpty
        && text.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
            default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
            }
        }
}

/// Whether a value can be sent as one line: a line break in it would begin another field.
func isFieldValue(_ value: [UInt8]) -> Bool { value.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 } }
