internal import Bytes
internal import CLLHTTP

/// Reads requests from a connection's bytes, one at a time and on demand: the caller pulls, and there are no callbacks.
///
/// llhttp does the parsing, with all lenient flags off. Its callbacks only record offsets. It pauses after a head that
/// a body follows and at the end of each message, so that the caller decides what comes next.
///
/// The caller keeps the bytes of an unfinished head in one contiguous run. It passes the whole run each time, with the
/// number of bytes that the parser has seen. Every range that the parser returns refers to that run.
@safe public struct RequestParser: ~Copyable {
    private let raw: UnsafeMutablePointer<llhttp_t>
    private let record: UnsafeMutablePointer<HeadRecord>

    /// A parser at the start of a connection.
    public init(limits: HeadLimits) {
        unsafe raw = .allocate(capacity: 1)
        unsafe record = .allocate(capacity: 1)
        let lines = UnsafeMutablePointer<FieldLine>.allocate(capacity: limits.fields)
        unsafe lines.initialize(repeating: FieldLine(), count: limits.fields)
        unsafe record.initialize(to: HeadRecord(lines: lines, limits: limits))
        unsafe llhttp_init(raw, HTTP_REQUEST, settings)
        unsafe raw.pointee.data = UnsafeMutableRawPointer(record)
    }

    deinit {
        unsafe record.pointee.lines.deallocate()
        unsafe record.deallocate()
        unsafe raw.deallocate()
    }

    /// The next item in the bytes.
    public enum Event: Equatable, Sendable {
        /// All bytes are read and the message is not at its next boundary: call again with more.
        case needMore
        /// A complete request without a body. `consumed` bytes of the run are read; the next request follows them.
        case request(consumed: Int)
        /// The head of a request whose body follows; call `nextBody` from `consumed` on.
        case head(consumed: Int)
        /// The bytes are not a valid request.
        case invalid(ParseFailure)
    }

    /// A step through a body.
    public enum BodyEvent: Equatable, Sendable {
        /// All bytes are read and the body has not ended.
        case needMore
        /// Some content; call again from `consumed` on.
        case data(Range<Int>, consumed: Int)
        /// The message has ended. `consumed` bytes of the run are read.
        case end(consumed: Int)
        /// The framing is broken.
        case invalid(ParseFailure)
    }

    /// Continues with the head. `bytes` is the run from the request's first byte; the first `seen` of them were passed
    /// before.
    public mutating func next(_ bytes: Span<UInt8>, seen: Int) -> Event {
        let outcome = execute(bytes, from: seen)
        switch outcome.code {
        case HPE_OK:
            return unsafe bytes.count > record.pointee.limits.headBytes ? .invalid(.headTooLarge) : .needMore
        case HPE_PAUSED:
            if unsafe outcome.position > record.pointee.limits.headBytes { return .invalid(.headTooLarge) }
            if let failure = headFailure(bytes) { return .invalid(failure) }
            unsafe llhttp_resume(raw)
            return unsafe record.pointee.bodyFollows
                ? .head(consumed: outcome.position) : .request(consumed: outcome.position)
        default:
            return .invalid(failure(outcome.code, endingAt: outcome.position, bytes))
        }
    }

    /// Continues with the body after `.head`. `bytes` were not passed before.
    public mutating func nextBody(_ bytes: Span<UInt8>) -> BodyEvent {
        unsafe record.pointee.bodyCount = 0
        let outcome = execute(bytes, from: 0)
        let start = unsafe record.pointee.bodyOffset
        let data = unsafe start..<start + record.pointee.bodyCount
        if unsafe !record.pointee.isFramingBounded(read: outcome.position, content: data.count) {
            return .invalid(.malformed("More chunk extensions or trailers than content"))
        }
        switch outcome.code {
        case HPE_OK: return .needMore
        case HPE_PAUSED:
            unsafe llhttp_resume(raw)
            return data.isEmpty ? .end(consumed: outcome.position) : .data(data, consumed: outcome.position)
        default: return .invalid(failure(outcome.code, endingAt: outcome.position, bytes))
        }
    }

    /// Whether the body ended with the data that was reported last, if that was all there was to read. llhttp reports
    /// the end only on another call, which would otherwise come with the next request.
    public mutating func endsBody() -> Bool {
        let isChunked = unsafe raw.pointee.flags & UInt16(F_CHUNKED.rawValue) != 0
        guard unsafe !isChunked && raw.pointee.content_length == 0 else { return false }
        var nothing: CChar = 0
        guard unsafe llhttp_execute(raw, &nothing, 0) == HPE_PAUSED else { return false }
        unsafe llhttp_resume(raw)
        return true
    }

    private mutating func execute(_ bytes: Span<UInt8>, from seen: Int) -> (code: llhttp_errno_t, position: Int) {
        unsafe bytes.withUnsafeBufferPointer { buffer in
            let base = unsafe UnsafeRawPointer(buffer.baseAddress!).assumingMemoryBound(to: CChar.self)
            unsafe record.pointee.base = base
            let code = unsafe llhttp_execute(raw, base + seen, buffer.count - seen)
            let stopped = code == HPE_OK ? nil : unsafe llhttp_get_error_pos(raw)
            return unsafe (code, stopped.map { unsafe $0 - base } ?? buffer.count)
        }
    }

    /// What llhttp accepts and RFC 9112 does not: versions 0.9 and 2.0 (section 2.3); other protocols; more than one
    /// space between the parts of the request line (section 3), on which two parsers could disagree; a length that
    /// overflows the integer type (RFC 9110 section 8.6); and transfer codings in version 1.0, which does not define
    /// them (section 6.1).
    private func headFailure(_ bytes: Span<UInt8>) -> ParseFailure? {
        guard unsafe raw.pointee.http_major == 1 else { return .version }
        guard unsafe record.pointee.targetOffset == record.pointee.methodOffset &+ record.pointee.methodCount &+ 1
        else {
            return .malformed("More than one space before the request target")
        }
        let end = target.upperBound
        // llhttp has read another protocol's name here, such as ICE or RTSP.
        guard bytes[end] == UInt8(ascii: " "), bytes[end + 1] == UInt8(ascii: "H") else {
            return .malformed("Invalid HTTP version after the request target")
        }
        if unsafe raw.pointee.flags & UInt16(F_CONTENT_LENGTH.rawValue) != 0,
            unsafe raw.pointee.content_length >> 63 != 0
        {
            return .malformed("Content-Length overflow")
        }
        return unsafe record.pointee.mayHaveCoding ? codingFailure(bytes) : nil
    }

    /// What is wrong with `Transfer-Encoding`: any value but a single `chunked`. Another coding would stay in the body,
    /// and without `chunked` the end of the body is unknown (RFC 9112 section 6.3). llhttp treats an empty field as
    /// absent and then uses `Content-Length`, where another program may read chunks.
    private func codingFailure(_ bytes: Span<UInt8>) -> ParseFailure? {
        var codings = 0
        for index in 0..<fieldCount {
            let line = field(index)
            guard bytes.extracting(line.name).equalsIgnoringCase("transfer-encoding") else { continue }
            if !isVersion11 { return .malformed("Transfer-Encoding in an HTTP/1.0 request") }
            let value = bytes.extracting(line.value)
            if value.isEmpty { return .malformed("Transfer-Encoding is empty") }
            guard value.equalsIgnoringCase("chunked") else { return .transferCoding }
            codings += 1
        }
        if codings > 1 { return .malformed("More than one Transfer-Encoding") }
        // llhttp rejects this as well. The check makes sure that it is rejected in either order of the two fields.
        let hasLength = unsafe raw.pointee.flags & UInt16(F_CONTENT_LENGTH.rawValue) != 0
        return codings == 1 && hasLength ? .malformed("Both Content-Length and Transfer-Encoding") : nil
    }

    /// What is wrong with the end of a request line that has one of the two versions. Parsing stopped at `end` or the
    /// byte before it. Nil if the version itself is wrong. llhttp has one error code for both.
    private static func badLineEnd(_ bytes: Span<UInt8>, at end: Int) -> String? {
        let lineEnd = end > 0 && bytes[end - 1] == UInt8(ascii: "\n") ? end - 1 : end
        guard lineEnd >= 8, lineEnd < bytes.count else { return nil }
        let version = bytes.extracting(lineEnd - 8..<lineEnd)
        guard version.equals("HTTP/1.1") || version.equals("HTTP/1.0") else { return nil }
        switch bytes[lineEnd] {
        case UInt8(ascii: "\n"): return "The request line ends with a bare LF, not with CR LF"
        case UInt8(ascii: " "), UInt8(ascii: "\t"): return "White space after the version in the request line"
        default: return nil
        }
    }

    private func failure(_ code: llhttp_errno_t, endingAt end: Int, _ bytes: Span<UInt8>) -> ParseFailure {
        switch unsafe record.pointee.failure {
        case .targetTooLong: return .targetTooLong
        case .tooManyFields: return .tooManyFields
        case .none: break
        }
        // llhttp recognizes the preface of HTTP/2 (RFC 9113 section 3.4) and stops after it.
        if code == HPE_INVALID_VERSION, let reason = Self.badLineEnd(bytes, at: end) { return .malformed(reason) }
        if code == HPE_INVALID_VERSION || code == HPE_PAUSED_H2_UPGRADE { return .version }
        let reason = unsafe llhttp_get_error_reason(raw).map { unsafe String(cString: $0) } ?? ""
        let name = unsafe String(cString: llhttp_errno_name(code))
        return .malformed(reason.isEmpty ? name : reason)
    }
}

/// How long a request's body is.
public enum BodyFraming: Equatable, Sendable {
    /// This many bytes.
    case length(Int)
    /// As many bytes as the chunks contain.
    case chunked
}

// MARK: What was read

extension RequestParser {
    /// The range of the method.
    public var method: Range<Int> {
        let start = unsafe Int(record.pointee.methodOffset)
        return unsafe start..<start + Int(record.pointee.methodCount)
    }

    /// The range of the request target.
    public var target: Range<Int> {
        let start = unsafe Int(record.pointee.targetOffset)
        return unsafe start..<start + Int(record.pointee.targetCount)
    }

    /// The number of field lines.
    public var fieldCount: Int { unsafe record.pointee.fieldCount }

    /// A field line, `0..<fieldCount`, in the order they came.
    @inline(__always)
    public func field(_ index: Int) -> FieldLine {
        precondition(index >= 0 && index < fieldCount, "no such field line")
        return unsafe record.pointee.lines[index]
    }

    /// How the body is framed (RFC 9112 section 6.3): by chunks, or by its length, which is 0 if there is no body.
    public var bodyFraming: BodyFraming {
        if unsafe raw.pointee.flags & UInt16(F_CHUNKED.rawValue) != 0 { return .chunked }
        // llhttp counts the length down while it reads. Before the first byte it is the full length.
        return unsafe raw.pointee.flags & UInt16(F_CONTENT_LENGTH.rawValue) != 0
            ? .length(Int(raw.pointee.content_length)) : .length(0)
    }

    /// Whether the version is 1.1; otherwise it is 1.0, because llhttp rejects all others.
    public var isVersion11: Bool { unsafe raw.pointee.http_minor == 1 }

    /// Whether the connection may carry another request after this one (RFC 9112 section 9.3). `close` overrides
    /// `keep-alive`, which llhttp does not check in version 1.0.
    public var keepsAlive: Bool {
        unsafe raw.pointee.flags & UInt16(F_CONNECTION_CLOSE.rawValue) == 0 && llhttp_should_keep_alive(raw) != 0
    }
}

// MARK: llhttp's callbacks

// Each returns 0 to continue, HPE_PAUSED to stop here for the caller, or HPE_USER after recording a failure.

private typealias Parser = UnsafeMutablePointer<llhttp_t>
private typealias Text = UnsafePointer<CChar>

@inline(__always)
private func record(of parser: Parser?) -> UnsafeMutablePointer<HeadRecord> {
    unsafe parser!.pointee.data.assumingMemoryBound(to: HeadRecord.self)
}

private func onMessageBegin(_ parser: Parser?) -> Int32 {
    unsafe record(of: parser).pointee.begin()
    return 0
}

private func onMethod(_ parser: Parser?, _ at: Text?, _ count: Int) -> Int32 {
    let record = unsafe record(of: parser)
    if unsafe record.pointee.methodCount == 0 { unsafe record.pointee.methodOffset = record.pointee.offset(of: at) }
    unsafe record.pointee.methodCount += UInt32(truncatingIfNeeded: count)
    return 0
}

private func onTarget(_ parser: Parser?, _ at: Text?, _ count: Int) -> Int32 {
    let record = unsafe record(of: parser)
    if unsafe record.pointee.targetCount == 0 { unsafe record.pointee.targetOffset = record.pointee.offset(of: at) }
    unsafe record.pointee.targetCount += UInt32(truncatingIfNeeded: count)
    if unsafe Int(record.pointee.targetCount) > record.pointee.limits.targetBytes {
        unsafe record.pointee.failure = .targetTooLong
        return Int32(HPE_USER.rawValue)
    }
    return 0
}

// The field lines after a chunked body (its trailer section) are skipped: nothing here needs them, and they must not be
// mistaken for fields of the head.

private func onFieldName(_ parser: Parser?, _ at: Text?, _ count: Int) -> Int32 {
    let record = unsafe record(of: parser)
    if unsafe record.pointee.bodyFollows { return 0 }
    if unsafe record.pointee.inValue {
        if unsafe record.pointee.fieldCount == record.pointee.limits.fields {
            unsafe record.pointee.failure = .tooManyFields
            return Int32(HPE_USER.rawValue)
        }
        unsafe record.pointee.inValue = false
        let line = unsafe FieldLine(
            nameOffset: record.pointee.offset(of: at), nameCount: UInt32(truncatingIfNeeded: count))
        unsafe record.pointee.lines[record.pointee.fieldCount] = line
        unsafe record.pointee.fieldCount += 1
    } else {
        unsafe record.pointee.lines[record.pointee.fieldCount - 1].nameCount += UInt32(truncatingIfNeeded: count)
    }
    return 0
}

private func onFieldValue(_ parser: Parser?, _ at: Text?, _ count: Int) -> Int32 {
    let record = unsafe record(of: parser)
    if unsafe record.pointee.bodyFollows { return 0 }
    let line = unsafe record.pointee.lines + (record.pointee.fieldCount - 1)
    if unsafe !record.pointee.inValue {
        unsafe record.pointee.inValue = true
        unsafe line.pointee.valueOffset = record.pointee.offset(of: at)
    }
    unsafe line.pointee.valueCount += UInt32(truncatingIfNeeded: count)
    return 0
}

private func onHeadComplete(_ parser: Parser?) -> Int32 {
    let record = unsafe record(of: parser)
    unsafe record.pointee.trimValues()
    // Protocol upgrades are not supported: the field is ignored (RFC 9110 section 7.8), and HTTP continues after it.
    unsafe parser!.pointee.upgrade = 0
    let chunked = unsafe parser!.pointee.flags & UInt16(F_CHUNKED.rawValue) != 0
    guard unsafe chunked || parser!.pointee.content_length > 0 else { return 0 }
    unsafe record.pointee.bodyFollows = true
    return Int32(HPE_PAUSED.rawValue)
}

private func onBody(_ parser: Parser?, _ at: Text?, _ count: Int) -> Int32 {
    let record = unsafe record(of: parser)
    unsafe record.pointee.bodyOffset = Int(record.pointee.offset(of: at))
    unsafe record.pointee.bodyCount = count
    return Int32(HPE_PAUSED.rawValue)
}

private func onMessageComplete(_ parser: Parser?) -> Int32 { Int32(HPE_PAUSED.rawValue) }

/// The callbacks, in one table that all parsers share. It is written only once.
private nonisolated(unsafe) let settings: UnsafeMutablePointer<llhttp_settings_t> = {
    let table = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
    unsafe llhttp_settings_init(table)
    unsafe table.pointee.on_message_begin = onMessageBegin
    unsafe table.pointee.on_method = onMethod
    unsafe table.pointee.on_url = onTarget
    unsafe table.pointee.on_header_field = onFieldName
    unsafe table.pointee.on_header_value = onFieldValue
    unsafe table.pointee.on_headers_complete = onHeadComplete
    unsafe table.pointee.on_body = onBody
    unsafe table.pointee.on_message_complete = onMessageComplete
    return unsafe table
}()
