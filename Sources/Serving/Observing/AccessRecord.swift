public import Bytes
public import HTTPCore

/// What the access log records about one finished request.
public struct AccessRecord {
    /// GET, HEAD, ...; an unknown method is shown only as unknown.
    public var method: Method
    /// Route and path, ready to be written.
    public var label: AccessLabel
    /// The status that was sent.
    public var status: Int
    /// The outcome of the request.
    public var decision: RequestDecision
    /// The answer's age in seconds; nil if it has none.
    public var age: Int?
    /// The size of the body that was sent.
    public var bytes: Int
    /// The time from the end of the head until the answer was handed to the socket.
    public var nanoseconds: UInt64
    /// The first half of the digest of the request's key; 0 for none.
    public var key: UInt64
    /// The client's address; nil if it is not known.
    public var client: String?
    /// The request's identifier; nil if it has none.
    public var id: RequestID?

    /// Creates a record.
    public init(
        method: Method, label: AccessLabel, status: Int, decision: RequestDecision, age: Int?, bytes: Int,
        nanoseconds: UInt64, key: UInt64, client: String? = nil, id: RequestID? = nil
    ) {
        self.method = method
        self.label = label
        self.status = status
        self.decision = decision
        self.age = age
        self.bytes = bytes
        self.nanoseconds = nanoseconds
        self.key = key
        self.client = client
        self.id = id
    }
}

/// The format of a log line.
public enum LineFormat: Sendable {
    /// For people.
    case text
    /// One JSON object per line.
    case json
}

/// A request's route and path in the access log's format. It is made once for an answer that many requests get.
public struct AccessLabel: Sendable {
    /// The kind of route.
    public let route: Route.Kind
    /// The name of the view that the path names; nil if it names none. An index could be another view's once the
    /// settings have changed while the request waited.
    public var view: String?
    /// The part of the line, in the form of the log; empty if there is no access log.
    let text: SharedBytes

    /// The most bytes of a path that are shown.
    static let longestPath = 160

    /// The label of a request without a path, or if nothing is logged.
    public init(route: Route.Kind) {
        self.route = route
        text = .empty
    }

    /// The label of a request for `path`. The path is the caller's own text, so it is escaped: bytes that are not
    /// printable ASCII, and quotes, are percent-encoded. For a path that is passed through, only segments that are
    /// plain words are shown.
    public init(route: Route, path: Span<UInt8>, format: LineFormat) {
        self.route = route.kind
        var out = ByteBuilder(capacity: 96)
        out.append(format == .json ? "\"route\":\"" : "")
        out.append(self.route.name)
        out.append(format == .json ? "\",\"path\":\"" : " ")
        switch route {
        case .other, .own: Self.appendWords(of: path, to: &out)
        default: Self.append(path, 0..<min(path.count, Self.longestPath), to: &out)
        }
        if format == .json { out.append("\"") }
        text = SharedBytes(copying: out.span)
    }

    private static func append(_ path: Span<UInt8>, _ range: Range<Int>, to out: inout ByteBuilder) {
        for index in range {
            let byte = path[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0...0x20, 0x7F...0xFF: out.append(percentEncoded: byte)
            default: out.append(byte)
            }
        }
    }

    /// A segment that is long or has digits may be a secret, so `*` replaces it.
    private static func appendWords(of path: Span<UInt8>, to out: inout ByteBuilder) {
        var start = 0
        var segments = 0
        while start < path.count {
            let end = path.firstIndex(of: UInt8(ascii: "/"), from: start + 1) ?? path.count
            segments += 1
            if segments > 8 { return out.append("/...") }
            let segment = path.extracting(min(start + 1, end)..<end)
            if path[start] == UInt8(ascii: "/"), segment.count == 0 {
                out.append("/")
            } else if isWord(segment) || segment.equals("v1") {
                append(path, start..<end, to: &out)
            } else {
                out.append("/*")
            }
            start = end
        }
    }

    private static func isWord(_ segment: Span<UInt8>) -> Bool {
        guard segment.count <= 24 else { return false }
        for index in 0..<segment.count {
            switch segment[index] {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"): break
            default: return false
            }
        }
        return true
    }
}

/// Writes lines of the access log. After warm-up it allocates nothing: the formatted time is reused until it changes.
public struct AccessFormatter: ~Copyable {
    /// The format of the lines.
    public let format: LineFormat
    /// Whether lines begin with their level, as the journal reads it.
    private let hasPrefix: Bool
    private var second: Int64 = .min
    /// The common prefix of all lines of this second.
    private var start = ByteBuilder(capacity: 64)

    /// Creates a formatter. With `hasPrefix`, lines begin with `<6>`: the level info in the form of sd-daemon(3).
    public init(_ format: LineFormat, hasPrefix: Bool = false) {
        self.format = format
        self.hasPrefix = hasPrefix
    }

    /// Appends the line of a request that was finished at `wallSeconds`.
    public mutating func append(_ record: borrowing AccessRecord, wallSeconds: Int64, to out: inout ByteBuilder) {
        if wallSeconds != second { begin(wallSeconds) }
        out.append(start.span)
        Self.appendMiddle(record, format, to: &out)
        appendKey(record.key, to: &out)
        if let age = record.age { appendAge(age, to: &out) }
        appendDuration(record.nanoseconds, to: &out)
        if let client = record.client {
            out.append(format == .json ? ",\"client\":\"" : " client=")
            out.append(utf8: client)
            if format == .json { out.append("\"") }
        }
        if let id = record.id {
            out.append(format == .json ? ",\"request_id\":\"" : " request_id=")
            id.withSpan { out.append($0) }
            if format == .json { out.append("\"") }
        }
        out.append(format == .json ? "}\n" : "\n")
    }

    /// Appends the line of a hit, whose middle part was prepared before.
    public mutating func append(
        hit middle: SharedBytes, key: UInt64, age: Int, nanoseconds: UInt64, wallSeconds: Int64,
        to out: inout ByteBuilder
    ) {
        if wallSeconds != second { begin(wallSeconds) }
        out.append(start.span)
        out.append(middle.span)
        appendKey(key, to: &out)
        appendAge(age, to: &out)
        appendDuration(nanoseconds, to: &out)
        out.append(format == .json ? "}\n" : "\n")
    }

    /// The part of a line that is the same for every hit of an answer, up to the key.
    static func middle(_ record: borrowing AccessRecord, _ format: LineFormat) -> SharedBytes {
        var out = ByteBuilder(capacity: 192)
        appendMiddle(record, format, to: &out)
        return SharedBytes(copying: out.span)
    }

    private static func appendMiddle(
        _ record: borrowing AccessRecord, _ format: LineFormat, to out: inout ByteBuilder
    ) {
        let label = record.label.text
        out.append(name(record.method))
        switch format {
        case .text:
            out.append(" ")
            out.append(label.span)
            out.append(" ")
            out.append(decimal: record.status)
            out.append(" ")
            out.append(record.decision.name)
            out.append(" bytes=")
            out.append(decimal: record.bytes)
            out.append(" key=")
        case .json:
            out.append("\",")
            out.append(label.span)
            out.append(label.count > 0 ? ",\"status\":" : "\"status\":")
            out.append(decimal: record.status)
            out.append(",\"decision\":\"")
            out.append(record.decision.name)
            out.append("\",\"bytes\":")
            out.append(decimal: record.bytes)
            out.append(",\"key\":\"")
        }
    }

    @inline(__always)
    private func appendKey(_ key: UInt64, to out: inout ByteBuilder) {
        // In the text form a name with a space needs quotes, as any other value.
        if key == 0 {
            out.append(format == .json ? "no key" : "\"no key\"")
        } else {
            KeyFingerprint.append(key, to: &out)
        }
        if format == .json { out.append("\"") }
    }

    @inline(__always)
    private func appendAge(_ age: Int, to out: inout ByteBuilder) {
        out.append(format == .json ? ",\"age\":" : " age=")
        out.append(decimal: age)
    }

    @inline(__always)
    private func appendDuration(_ nanoseconds: UInt64, to out: inout ByteBuilder) {
        out.append(format == .json ? ",\"us\":" : " us=")
        out.append(decimal: Int(truncatingIfNeeded: nanoseconds / 1000))
    }

    private mutating func begin(_ wallSeconds: Int64) {
        second = wallSeconds
        start.removeAll()
        if hasPrefix { start.append("<6>") }
        if format == .json { start.append("{\"time\":\"") }
        Timestamp.append(wallSeconds, to: &start)
        start.append(
            format == .json ? "\",\"level\":\"info\",\"event\":\"access\",\"method\":\"" : " info access ")
    }

    private static func name(_ method: Method) -> StaticString {
        switch method {
        case .get: "GET"
        case .head: "HEAD"
        case .options: "OPTIONS"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .other: "OTHER"
        }
    }
}
