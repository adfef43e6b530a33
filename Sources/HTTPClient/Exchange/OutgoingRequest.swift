public import Bytes
import HTTPCore

/// A request to pass on, as another client made it.
public struct StreamRequest: ~Copyable {
    /// How the request's body is framed.
    public enum Body: Sendable, Equatable {
        /// There is no body, and no field announces one.
        case none
        /// This many bytes, announced by `Content-Length`.
        case length(Int)
        /// As many as arrive, in chunks.
        case chunked
    }

    /// The method, which is case-sensitive; any but `CONNECT`.
    public private(set) var method: String

    /// The scheme and authority to connect to, such as `https://example.com`; a path after them is ignored.
    public private(set) var url: String

    /// The body's framing; `UpstreamStream.send` sends its bytes. The body of a HEAD is dropped.
    public private(set) var body: Body

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

    /// Begins another request, which has no target yet, and no fields, in the same memory.
    mutating func begin(method: String, url: String, body: Body) {
        self.method = method
        self.url = url
        self.body = body
        removeAll()
    }

    /// Whether its memory is little enough to be kept for the next request.
    var isSmall: Bool { target.capacity + fields.capacity <= 16 << 10 }

    /// Removes target and fields.
    mutating func removeAll() {
        target.removeAll()
        fields.removeAll()
        areFieldsSound = true
    }

    /// Adds a field, which is sent byte for byte, in this order. The caller must leave out the fields of the
    /// connection. `Host`, `Content-Length` and `Transfer-Encoding` are ignored here, because `url` and `body` set
    /// them.
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

    /// Why it cannot be sent as it is; nil if it can.
    var flaw: FetchFailure? {
        guard FieldSyntax.isToken(method.utf8.span), method != "CONNECT" else {
            return .other("the method is not valid")
        }
        guard isTarget(target.span) else { return .other("the request target is not valid") }
        guard areFieldsSound else { return .other("a request field has an invalid character") }
        if case .length(let count) = body, count < 0 { return .other("the body's length is negative") }
        return nil
    }

    /// The framing as it is sent: the body of a HEAD has no meaning (RFC 9110 section 9.3.2).
    var sentBody: Body { method == "HEAD" ? .none : body }
}

/// Whether a request may be sent a second time if the fate of the first is unknown (RFC 9110 section 9.2.2).
func isIdempotent(_ method: String) -> Bool {
    switch method {
    case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE": true
    default: false
    }
}

private func isTarget(_ target: Span<UInt8>) -> Bool {
    if target.hasControls || target.firstIndex(of: 0x20) != nil || target.firstIndex(of: 0x09) != nil { return false }
    return target.starts(with: "/") || target.equals("*")
}

/// A request that is being sent: its head, then its body as it arrives, in the framing that the head announces (RFC
/// 9112 sections 3, 6 and 7).
struct OutgoingRequest: ~Copyable {
    private var bytes = ByteBuilder(capacity: 1000)
    private var sent = 0
    /// Whether bytes may have been sent that are not counted as sent.
    private var isHeld = false
    /// Nil once the head was removed to make room for what follows.
    private var headCount: Int?
    private let isChunked: Bool
    /// How many bytes of the announced length are still missing from the body; 0 with chunks.
    private(set) var missing: Int
    /// Whether the body has ended. With a length, it ends as soon as it has that many bytes.
    private(set) var isWhole: Bool

    /// The target is in absolute form if the request is sent to a proxy (RFC 9112 section 3.2.2).
    init(_ request: borrowing StreamRequest, to origin: Origin?, by proxy: PlainProxy?) {
        let authority = origin?.authority ?? ""
        bytes.append(utf8: request.method)
        bytes.append(" ")
        if proxy != nil {
            bytes.append("http://")
            bytes.append(utf8: authority)
        }
        bytes.append(request.target.span)
        bytes.append(" HTTP/1.1\r\nHost: ")
        bytes.append(utf8: authority)
        bytes.append("\r\n")
        if let authorization = proxy?.authorization {
            bytes.append(line: "Proxy-Authorization".utf8.span, authorization.utf8.span)
        }
        bytes.append(request.fields.span)
        isChunked = request.sentBody == .chunked
        isWhole = !isChunked
        missing = 0
        if case .length(let count) = request.sentBody {
            missing = count
            isWhole = count == 0
            bytes.append("Content-Length: ")
            bytes.append(decimal: count)
            bytes.append("\r\n")
        }
        bytes.append(isChunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n")
        headCount = bytes.count
    }

    /// How many bytes wait.
    var waiting: Int { bytes.count - sent }

    /// Whether all of it was sent.
    var isSent: Bool { isWhole && waiting == 0 }

    /// The bytes that wait.
    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(sent...) }
    }

    /// This many of them were sent.
    mutating func advance(_ count: Int) { sent += count }

    /// Whether anything was sent, or may have been.
    var hasBegun: Bool { sent > 0 || headCount == nil || isHeld }

    /// Whether it can be sent again: no part of a body was sent.
    var isRepeatable: Bool { headCount.map { sent <= $0 } ?? false }

    /// Starts again from the beginning, if it is repeatable.
    mutating func rewind() {
        sent = 0
        isHeld = false
    }

    /// Nothing more can be sent for now. With TLS, some bytes may be on their way all the same: a record that TLS has
    /// begun to send counts only when all of it was sent.
    mutating func noteHeld() { isHeld = true }

    /// Adds more of the body. Bytes beyond its length are dropped.
    mutating func append(_ body: Span<UInt8>) {
        if isWhole || body.isEmpty { return }
        makeRoom()
        if isChunked {
            bytes.append(chunk: body)
        } else {
            let taken = min(missing, body.count)
            bytes.append(body.extracting(0..<taken))
            missing -= taken
            isWhole = missing == 0
        }
    }

    /// Ends the body. Trailers that cannot be sent as a line are left out.
    mutating func finish(_ trailers: [(name: String, value: [UInt8])]) {
        if isWhole { return }
        isWhole = true
        guard isChunked else { return }
        bytes.append("0\r\n")
        for trailer in trailers {
            let value = trailer.value.span
            guard FieldSyntax.isToken(trailer.name.utf8.span), FieldSyntax.isValue(value) else { continue }
            bytes.append(line: trailer.name.utf8.span, value)
        }
        bytes.append("\r\n")
    }

    /// Drops the bytes that wait.
    mutating func drop() { sent = bytes.count }

    /// Sent bytes are removed once they are at least as many as the rest, so that no more bytes are moved than are
    /// sent.
    private mutating func makeRoom() {
        guard sent > headCount ?? 0, sent >= waiting else { return }
        bytes.removeFirst(sent)
        sent = 0
        headCount = nil
    }
}

extension ByteBuilder {
    /// Adds a field line. A value may be blank.
    mutating func append(line name: Span<UInt8>, _ value: Span<UInt8>) {
        append(name)
        append(value.isEmpty ? ":" : ": ")
        append(value)
        append("\r\n")
    }
}
