import Bytes
public import HTTPCore

/// What the access log tells of one finished request.
public struct AccessRecord {
    /// GET, HEAD, ...; of a method that Larder does not know no more than that.
    public var method: Method
    /// Route and path, ready to be written.
    public var label: AccessLabel
    /// The status that was sent.
    public var status: Int
    /// What became of it.
    public var decision: RequestDecision
    /// The answer's age in seconds; nil for one that has none.
    public var age: Int?
    /// The size of the body that was sent.
    public var bytes: Int
    /// From the end of the head until the answer was handed to the socket.
    public var nanoseconds: UInt64
    /// The first half of the digest of the request's key; 0 for none.
    public var key: UInt64

    /// A record.
    public init(
        method: Method, label: AccessLabel, status: Int, decision: RequestDecision, age: Int?, bytes: Int,
        nanoseconds: UInt64, key: UInt64
    ) {
        self.method = method
        self.label = label
        self.status = status
        self.decision = decision
        self.age = age
        self.bytes = bytes
        self.nanoseconds = nanoseconds
        self.key = key
    }
}

/// How a line of the log looks.
public enum LineFormat: Sendable {
    /// For people.
    case text
    /// One JSON object a line.
    case json
}

/// A request's route and path as the access log has them. It is made once for an answer that many requests get.
public struct AccessLabel: Sendable {
    /// The kind of route.
    public let route: Route.Kind
    /// The part of the line, in the form of the log; empty if there is no access log.
    let text: SharedBytes

    /// The most bytes of a path that are shown.
    static let longestPath = 160

    /// The label of a request without a path, or for when nothing is logged.
    public init(route: Route.Kind) {
        self.route = route
        text = .empty
    }

    /// The label of a request for `path`. The path is the caller's own text, so it is made fit: bytes that are not printable
    /// ASCII, and quotes, are percent-encoded; of a path that is passed through the segments are shown that are plain words.
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
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), 0...0x20, 0x7F...0xFF:
                out.append(UInt8(ascii: "%"))
                out.append(hexDigits[Int(byte >> 4)])
                out.append(hexDigits[Int(byte & 15)])
            default: out.append(byte)
            }
        }
    }

    private static let hexDigits = Array("0123456789ABCDEF".utf8)

    /// A segment with digits or of great length may be somebody's secret: `*` stands for it.
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
