public import HTTPCore

/// One field line, as ranges of the bytes that were parsed.
public struct FieldLine: Sendable {
    var nameOffset: UInt32 = 0
    var nameCount: UInt32 = 0
    var valueOffset: UInt32 = 0
    var valueCount: UInt32 = 0

    /// The range of the name.
    @inline(__always)
    public var name: Range<Int> { Int(nameOffset)..<Int(nameOffset &+ nameCount) }

    /// The range of the value, without the white space around it.
    @inline(__always)
    public var value: Range<Int> { Int(valueOffset)..<Int(valueOffset &+ valueCount) }
}

/// What the parser's callbacks record: only numbers, so that a parse needs no object and no reference count.
@unsafe struct HeadRecord {
    var base: UnsafePointer<CChar>?
    let lines: UnsafeMutablePointer<FieldLine>
    let limits: HeadLimits
    var failure: Failure = .none
    var methodOffset: UInt32 = 0
    var methodCount: UInt32 = 0
    var targetOffset: UInt32 = 0
    var targetCount: UInt32 = 0
    var fieldCount = 0
    var inValue = true
    var bodyFollows = false
    /// Whether a field has a name as long as `Transfer-Encoding`. If not, the names need no check.
    var mayHaveCoding = false
    var bodyOffset = 0
    var bodyCount = 0
    /// How many bytes of chunk framing arrived in excess of what the chunks need.
    var excess = 0

    /// The limit that was exceeded. The callback that records it stops the parser.
    enum Failure { case none, targetTooLong, tooManyFields }

    mutating func begin() {
        unsafe failure = .none
        unsafe methodCount = 0
        unsafe targetCount = 0
        unsafe fieldCount = 0
        unsafe inValue = true
        unsafe bodyFollows = false
        unsafe mayHaveCoding = false
        unsafe bodyCount = 0
        unsafe excess = 0
    }

    /// Counts bytes of a body that were read; `content` of them are content. Returns false if too many are chunk
    /// extensions or trailers, which RFC 9112 section 7.1.1 requires to be bounded. Each chunk may have 16 bytes of
    /// framing, plus twice the length of its content, so that small chunks with few extensions are accepted without
    /// end.
    mutating func isFramingBounded(read: Int, content: Int) -> Bool {
        unsafe excess = max(0, excess + read - content - (content > 0 ? 16 + 2 * content : 0))
        return unsafe excess <= limits.headBytes
    }

    /// Removes the white space after each value, which llhttp includes (RFC 9112 section 5.1), and records whether one
    /// of the fields may be `Transfer-Encoding`.
    mutating func trimValues() {
        for index in unsafe 0..<fieldCount {
            let line = unsafe lines + index
            if unsafe line.pointee.nameCount == 17 { unsafe mayHaveCoding = true }
            let start = unsafe base! + Int(line.pointee.valueOffset)
            while unsafe line.pointee.valueCount > 0 {
                let last = unsafe start[Int(line.pointee.valueCount) - 1]
                guard last == 0x20 || last == 0x09 else { break }
                unsafe line.pointee.valueCount -= 1
            }
        }
    }

    @inline(__always)
    func offset(of position: UnsafePointer<CChar>?) -> UInt32 {
        unsafe UInt32(truncatingIfNeeded: position! - base!)
    }
}

/// The size limits of a request head. llhttp has none of its own.
public struct HeadLimits: Sendable, Equatable {
    /// The maximum length of the request target, in bytes; a longer one gets 414.
    public var targetBytes: Int
    /// The maximum number of field lines; more get 431.
    public var fields: Int
    /// The maximum size of the whole head, request line and field lines, in bytes; a larger one gets 431.
    public var headBytes: Int

    /// The defaults are the same as in the settings.
    public init(targetBytes: Int = 8 << 10, fields: Int = 100, headBytes: Int = 32 << 10) {
        self.targetBytes = targetBytes
        self.fields = fields
        self.headBytes = headBytes
    }
}

/// Why a request cannot be parsed. Nothing after it can be parsed either: the connection is answered and closed.
public enum ParseFailure: Error, Equatable, Sendable {
    /// Not HTTP/1.1 as RFC 9112 defines it; the text is the parser's own error message.
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

    /// The status to answer with (RFC 9110 sections 15.5 and 15.6, and RFC 6585 section 5).
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
        case .version: "only HTTP/1.0 and HTTP/1.1 are supported"
        case .transferCoding: "only the transfer coding chunked is supported"
        case .targetTooLong: "the request target is too long"
        case .tooManyFields: "the request has too many header fields"
        case .headTooLarge: "the request head is too large"
        }
    }
}
