import Bytes
import HTTPCore

/// A request on its way: its head, then its body as it comes, in the framing that the head tells (RFC 9112 sections 3, 6 and 7).
struct OutgoingRequest: ~Copyable {
    /// As many waiting bytes or more are enough.
    static let enough = 64 << 10

    private var bytes = ByteBuilder(capacity: 1000)
    private var sent = 0
    /// Whether some may have gone that is not counted as sent.
    private var isHeld = false
    /// Nil once the head has made way for what follows it.
    private var headCount: Int?
    private let isChunked: Bool
    /// What the body still has to have by its length, in bytes; 0 in chunks.
    private(set) var missing: Int
    /// Whether the body has ended, by its length as soon as it has that.
    private(set) var isWhole: Bool

    /// With a target in absolute form if a proxy is asked (RFC 9112 section 3.2.2).
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

    /// Whether all of it has gone.
    var isSent: Bool { isWhole && waiting == 0 }

    /// The bytes that wait.
    var span: Span<UInt8> {
        @_lifetime(borrow self)
        get { bytes.span.extracting(sent...) }
    }

    /// So many of them have gone.
    mutating func advance(_ count: Int) { sent += count }

    /// Whether anything has gone, or may have.
    var hasBegun: Bool { sent > 0 || headCount == nil || isHeld }

    /// Whether it can be sent once more: nothing of a body has gone.
    var isRepeatable: Bool { headCount.map { sent <= $0 } ?? false }

    /// Begins anew, as far as it is repeatable.
    mutating func rewind() {
        sent = 0
        isHeld = false
    }

    /// Nothing more goes for now. With TLS some may be on its way all the same: what it has begun to send counts only when all
    /// of it has gone.
    mutating func noteHeld() { isHeld = true }

    /// Takes in more of the body; what goes beyond its length is left out.
    mutating func append(_ body: Span<UInt8>) {
        if isWhole || body.isEmpty { return }
        makeRoom()
        if isChunked {
            bytes.append(hexLength: body.count)
            bytes.append("\r\n")
            bytes.append(body)
            bytes.append("\r\n")
        } else {
            let taken = min(missing, body.count)
            bytes.append(body.extracting(0..<taken))
            missing -= taken
            isWhole = missing == 0
        }
    }

    /// Takes in the body's end. What cannot be sent as a line is left out of the trailers.
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

    /// Forgets what waits.
    mutating func drop() { sent = bytes.count }

    /// What has gone makes way once no more is left than that, so that no more bytes are moved than are sent.
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
