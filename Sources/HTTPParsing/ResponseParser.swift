internal import Bytes
internal import CLLHTTP
internal import HTTPCore

/// Reads the answer to one request from a connection's bytes: the caller pulls, and there are no callbacks.
///
/// llhttp does the parsing. It is strict, except that a `Content-Length` beside chunks is ignored (RFC 9112 section
/// 6.3). Its callbacks copy fields and record offsets. It pauses at the end of each head, in each part of the body and
/// at the end of the message.
@safe public struct ResponseParser: ~Copyable {
    /// The maximum size of heads and trailers together, in bytes: more than any honest server sends.
    public static let maximumHeadBytes = 256 << 10

    private let raw: UnsafeMutablePointer<llhttp_t>
    private let record: UnsafeMutablePointer<ResponseRecord>

    /// A parser that waits for `begin`.
    public init() {
        unsafe raw = .allocate(capacity: 1)
        unsafe record = .allocate(capacity: 1)
        unsafe record.initialize(to: ResponseRecord())
        unsafe llhttp_init(raw, HTTP_RESPONSE, settings)
        unsafe llhttp_set_lenient_chunked_length(raw, 1)
        unsafe raw.pointee.data = UnsafeMutableRawPointer(record)
    }

    deinit {
        unsafe record.deinitialize(count: 1)
        unsafe record.deallocate()
        unsafe raw.deallocate()
    }

    /// A head that is complete.
    public struct Head: Equatable, Sendable {
        /// The status code, of three digits.
        public let status: Int
        /// Which of the parser's fields belong to this head.
        public let fields: Range<Int>

        /// A head with these of the parser's fields.
        public init(status: Int, fields: Range<Int>) {
            self.status = status
            self.fields = fields
        }
    }

    /// The next item in the bytes.
    public enum Event: Equatable, Sendable {
        /// All bytes are read: call again with more.
        case needMore
        /// An interim response (RFC 9110 section 15.2); another head follows.
        case interim(Head)
        /// The final response's head.
        case head(Head)
        /// Some of the body's content, as a range of the bytes.
        case body(Range<Int>)
        /// The message has ended, with these trailers.
        case end(trailers: Range<Int>)
        /// The bytes are not a valid response; the text says why.
        case invalid(String)
    }

    /// Prepares for the answer to another request, HEAD or not, at the first byte of the message.
    public mutating func begin(isHead: Bool) {
        unsafe record.pointee.begin(isHead: isHead)
        unsafe llhttp_reset(raw)
    }

    /// Continues with bytes that were not passed before, and reports how many of them are read. Call it again with the
    /// rest, even if that is empty, until it returns `needMore`, `end` or `invalid`.
    public mutating func next(_ bytes: Span<UInt8>) -> (event: Event, consumed: Int) {
        var start = 0
        while true {
            let rest = bytes.extracting(start...)
            let (code, position) = execute(rest)
            start += position
            if code == HPE_OK { return (.needMore, bytes.count) }
            guard code == HPE_PAUSED else { return (.invalid(reason(code)), start) }
            unsafe llhttp_resume(raw)
            switch unsafe record.pointee.part {
            case .head:
                if let flaw = headFlaw() { return (.invalid(flaw), start) }
                let head = Head(status: status, fields: unsafe record.pointee.takeFields())
                unsafe record.pointee.headFields = head.fields
                return (status < 200 ? .interim(head) : .head(head), start)
            case .body:
                let begin = unsafe start - position + record.pointee.bodyOffset
                let end = unsafe begin + record.pointee.bodyCount
                return (.body(begin..<end), start)
            case .end where status < 200: unsafe llhttp_reset(raw)
            case .end: return (.end(trailers: unsafe record.pointee.takeFields()), start)
            }
        }
    }

    /// The fields of a head, or trailers. They are valid until the parser reads on.
    public subscript(range: Range<Int>) -> ReceivedFields {
        @_lifetime(borrow self)
        get { unsafe record.pointee.fields[range] }
    }

    /// Whether the final response's head is complete.
    public var hasHead: Bool { unsafe record.pointee.hasHead }

    /// Whether the body ends only with the connection (RFC 9112 section 6.3).
    public var endsWithConnection: Bool { unsafe record.pointee.endsWithConnection }

    /// Whether the connection may carry another request after this response (RFC 9112 section 9.3).
    public var keepsAlive: Bool { unsafe record.pointee.keepsAlive }

    /// The seconds for which the server keeps the connection open after this response, as the last head's `Keep-Alive` says;
    /// nil if it does not.
    public var keepAliveTimeout: Int? {
        guard unsafe record.pointee.fields.mayConcernConnection else { return nil }
        let fields = self[unsafe record.pointee.headFields]
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase("keep-alive") {
            if let seconds = KeepAlive.timeout(fields.value(index)) { return seconds }
        }
        return nil
    }

    private var status: Int { unsafe Int(raw.pointee.status_code) }

    private mutating func execute(_ bytes: Span<UInt8>) -> (code: llhttp_errno_t, position: Int) {
        unsafe bytes.withUnsafeBytes { buffer in
            // Pending results that need no further byte are reported now.
            var nothing: CChar = 0
            return unsafe withUnsafePointer(to: &nothing) { empty in
                let base = unsafe buffer.baseAddress?.assumingMemoryBound(to: CChar.self) ?? empty
                unsafe record.pointee.base = base
                let code = unsafe llhttp_execute(raw, base, buffer.count)
                let stopped = code == HPE_OK ? nil : unsafe llhttp_get_error_pos(raw)
                return unsafe (code, stopped.map { unsafe $0 - base } ?? buffer.count)
            }
        }
    }

    /// What llhttp accepts and the RFCs do not: other versions (RFC 9112 section 2.3); status codes outside every class
    /// (RFC 9110 section 15); a length that no body can have; transfer codings that the request did not allow, which
    /// would stay in the body; an empty or repeated list of them; and any of them in version 1.0 (RFC 9112 section
    /// 6.1).
    private func headFlaw() -> String? {
        guard unsafe raw.pointee.http_major == 1 else { return "its version is not HTTP/1" }
        if status < 100 { return "its status code is below 100" }
        if unsafe record.pointee.hasImpossibleLength { return "its Content-Length is 2^63 or more" }
        guard unsafe record.pointee.fields.mayConcernConnection else { return nil }
        let fields = unsafe record.pointee.newFields
        var codings = 0
        for index in 0..<fields.count where fields.name(index).count == 17 {
            guard fields.name(index).equalsIgnoringCase("transfer-encoding") else { continue }
            if unsafe raw.pointee.http_minor == 0 { return "Transfer-Encoding in an HTTP/1.0 response" }
            let value = fields.value(index)
            // llhttp treats an empty one as absent.
            if value.isEmpty { return "an empty Transfer-Encoding" }
            if !value.equalsIgnoringCase("chunked") { return "a transfer coding other than chunked" }
            codings += 1
        }
        return codings > 1 ? "more than one Transfer-Encoding" : nil
    }

    private func reason(_ code: llhttp_errno_t) -> String {
        if unsafe record.pointee.isTooLong { return "its head has more than \(Self.maximumHeadBytes) bytes" }
        let reason = unsafe llhttp_get_error_reason(raw).map { unsafe String(cString: $0) } ?? ""
        return reason.isEmpty ? unsafe String(cString: llhttp_errno_name(code)) : reason
    }
}

/// What the callbacks record.
@unsafe private struct ResponseRecord: ~Copyable {
    /// Why the parser has paused.
    enum Part { case head, body, end }

    var base: UnsafePointer<CChar>?
    var part = Part.head
    var fields = FieldTable()
    /// The fields of the last head.
    var headFields = 0..<0
    var isHead = false
    var hasHead = false
    var endsWithConnection = false
    var keepsAlive = false
    /// Whether the head's `Content-Length` overflows an `Int`.
    var hasImpossibleLength = false
    /// Whether a head had framing fields that make the end of the response ambiguous.
    var isAmbiguous = false
    var isTooLong = false
    var bodyOffset = 0
    var bodyCount = 0
    /// How many fields were reported.
    private var reported = 0

    init() {}

    mutating func begin(isHead: Bool) {
        unsafe self.isHead = isHead
        unsafe hasHead = false
        unsafe isTooLong = false
        unsafe isAmbiguous = false
        unsafe reported = 0
        unsafe headFields = 0..<0
        unsafe fields.removeAll()
    }

    /// The fields that were not reported yet; from now on they count as reported.
    mutating func takeFields() -> Range<Int> {
        defer { unsafe reported = fields.count }
        return unsafe reported..<fields.count
    }

    /// The fields that were not reported yet.
    var newFields: ReceivedFields {
        @_lifetime(borrow self)
        get { unsafe fields[reported..<fields.count] }
    }
}

// MARK: llhttp's callbacks

// Each returns 0 to continue, HPE_PAUSED to stop here for the caller, or HPE_USER after recording a failure.

private typealias Parser = UnsafeMutablePointer<llhttp_t>
private typealias Text = UnsafePointer<CChar>

@inline(__always)
private func record(of parser: Parser?) -> UnsafeMutablePointer<ResponseRecord> {
    unsafe parser!.pointee.data.assumingMemoryBound(to: ResponseRecord.self)
}

private func goOn(_ record: UnsafeMutablePointer<ResponseRecord>) -> Int32 {
    if unsafe record.pointee.fields.size <= ResponseParser.maximumHeadBytes { return 0 }
    unsafe record.pointee.isTooLong = true
    return Int32(HPE_USER.rawValue)
}

private func onFieldName(_ parser: Parser?, _ at: Text?, _ count: Int) -> Int32 {
    let record = unsafe record(of: parser)
    let bytes = unsafe UnsafeRawBufferPointer(start: at, count: count)
    unsafe record.pointee.fields.append(name: Span(_unsafeBytes: bytes))
    return unsafe goOn(record)
}

private func onFieldNameComplete(_ parser: Parser?) -> Int32 {
    unsafe record(of: parser).pointee.fields.endName()
    return 0
}

private func onFieldValue(_ parser: Parser?, _ at: Text?, _ count: Int) -> Int32 {
    let record = unsafe record(of: parser)
    let bytes = unsafe UnsafeRawBufferPointer(start: at, count: count)
    unsafe record.pointee.fields.append(value: Span(_unsafeBytes: bytes))
    return unsafe goOn(record)
}

private func onHeadComplete(_ parser: Parser?) -> Int32 {
    let parser = unsafe parser!
    let record = unsafe record(of: parser)
    unsafe record.pointee.fields.endValue()
    // The request did not ask for another protocol.
    unsafe parser.pointee.upgrade = 0
    let isFinal = unsafe parser.pointee.status_code >= 200
    // llhttp knows only for three interim responses that they have no body.
    if unsafe record.pointee.isHead || !isFinal {
        unsafe parser.pointee.flags |= UInt16(F_SKIPBODY.rawValue)
    }
    let codings = UInt16(F_CHUNKED.rawValue | F_TRANSFER_ENCODING.rawValue)
    let hasCoding = unsafe parser.pointee.flags & codings != 0
    let hasLength = unsafe parser.pointee.flags & UInt16(F_CONTENT_LENGTH.rawValue) != 0
    unsafe record.pointee.hasImpossibleLength = hasLength && parser.pointee.content_length > UInt64(Int.max)
    unsafe record.pointee.endsWithConnection = isFinal && llhttp_message_needs_eof(parser) != 0
    // A body with both chunks and a length is ambiguous. So is a response that can have no body but announces one (RFC
    // 9112 section 6.3): the bytes that follow may be its body. Such a connection is not used again.
    let mayHaveNoBody = unsafe !isFinal || parser.pointee.status_code == 204
    let announcesBody = unsafe hasCoding || hasLength && parser.pointee.content_length > 0
    if hasCoding && hasLength || mayHaveNoBody && announcesBody { unsafe record.pointee.isAmbiguous = true }
    let isClosed = unsafe parser.pointee.flags & UInt16(F_CONNECTION_CLOSE.rawValue) != 0
    unsafe record.pointee.keepsAlive =
        !isClosed && !record.pointee.isAmbiguous && llhttp_should_keep_alive(parser) != 0
    unsafe record.pointee.hasHead = isFinal
    unsafe record.pointee.part = .head
    return Int32(HPE_PAUSED.rawValue)
}

private func onBody(_ parser: Parser?, _ at: Text?, _ count: Int) -> Int32 {
    // If called again without bytes, llhttp reports none.
    if count == 0 { return 0 }
    let record = unsafe record(of: parser)
    unsafe record.pointee.bodyOffset = at! - record.pointee.base!
    unsafe record.pointee.bodyCount = count
    unsafe record.pointee.part = .body
    return Int32(HPE_PAUSED.rawValue)
}

private func onMessageComplete(_ parser: Parser?) -> Int32 {
    let record = unsafe record(of: parser)
    unsafe record.pointee.fields.endValue()
    unsafe record.pointee.part = .end
    return Int32(HPE_PAUSED.rawValue)
}

/// The callbacks, in one table that all parsers share. It is written only once.
private nonisolated(unsafe) let settings: UnsafeMutablePointer<llhttp_settings_t> = {
    let table = UnsafeMutablePointer<llhttp_settings_t>.allocate(capacity: 1)
    unsafe llhttp_settings_init(table)
    unsafe table.pointee.on_header_field = onFieldName
    unsafe table.pointee.on_header_field_complete = onFieldNameComplete
    unsafe table.pointee.on_header_value = onFieldValue
    unsafe table.pointee.on_headers_complete = onHeadComplete
    unsafe table.pointee.on_body = onBody
    unsafe table.pointee.on_message_complete = onMessageComplete
    return unsafe table
}()
