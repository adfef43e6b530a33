internal import Bytes
internal import CLLHTTP

/// Reads the answer to one request out of a connection's bytes: the caller pulls, nothing calls back into it.
///
/// llhttp does the reading, strict but for a `Content-Length` beside chunks, which counts for nothing (RFC 9112 section 6.3).
/// Its callbacks copy fields and write down offsets; it pauses at the end of each head, in each part of the body and at the
/// message's end.
@safe public struct ResponseParser: ~Copyable {
    /// The most that heads and trailers may have together, in bytes: more than any honest server sends.
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
        /// Which of the parser's fields are its own.
        public let fields: Range<Int>
    }

    /// What stands next in the bytes.
    public enum Event: Equatable, Sendable {
        /// All bytes are read: come back with more.
        case needMore
        /// An interim response (RFC 9110 section 15.2); another head follows.
        case interim(Head)
        /// The final response's head.
        case head(Head)
        /// Some of the body's content, as a range of the bytes.
        case body(Range<Int>)
        /// The message has ended, with these trailers.
        case end(trailers: Range<Int>)
        /// What came is no response; the text says why.
        case invalid(String)
    }

    /// Makes ready for the answer to another request, of HEAD or not, at the message's first byte.
    public mutating func begin(isHead: Bool) {
        unsafe record.pointee.begin(isHead: isHead)
        unsafe llhttp_reset(raw)
    }

    /// Reads on in bytes that were not passed before, and tells how many of them are read. Call it again with the rest,
    /// even if that is empty, until it is `needMore`, `end` or `invalid`.
    public mutating func next(_ bytes: Span<UInt8>) -> (event: Event, consumed: Int) {
        var start = 0
        while true {
            let rest = bytes.extracting(start...)
            let (code, position) = execute(rest)
            start += position
            if code == HPE_OK { return (.needMore, bytes.count) }
            guard code == HPE_PAUSED else { return (.invalid(reason(code)), start) }
            unsafe llhttp_resume(raw)
            switch unsafe record.pointee.place {
            case .head:
                if let flaw = headFlaw() { return (.invalid(flaw), start) }
                let head = Head(status: status, fields: unsafe record.pointee.takeFields())
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

    /// The fields of a head, or trailers, until the parser reads on.
    public subscript(range: Range<Int>) -> ReceivedFields {
        @_lifetime(borrow self)
        get { unsafe record.pointee.fields[range] }
    }

    /// Whether the final response's head is complete.
    public var hasHead: Bool { unsafe record.pointee.hasHead }

    /// Whether the body's only end is the connection's (RFC 9112 section 6.3).
    public var endsWithConnection: Bool { unsafe record.pointee.endsWithConnection }

    /// Whether the connection may carry another request after this response (RFC 9112 section 9.3).
    public var keepsAlive: Bool { unsafe record.pointee.keepsAlive }

    private var status: Int { unsafe Int(raw.pointee.status_code) }

    private mutating func execute(_ bytes: Span<UInt8>) -> (code: llhttp_errno_t, position: Int) {
        unsafe bytes.withUnsafeBytes { buffer in
            // What waits for nothing but to be told is told without another byte.
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

    /// What llhttp lets pass and the RFCs do not: other versions (RFC 9112 section 2.3), status codes of no class (RFC 9110
    /// section 15), transfer codings that nobody has asked for, which would be left in the body, and any of them in version 1.0
    /// (RFC 9112 section 6.1).
    private func headFlaw() -> String? {
        guard unsafe raw.pointee.http_major == 1 else { return "its version is not HTTP/1" }
        if status < 100 { return "its status code is below 100" }
        guard unsafe record.pointee.hasTransferCoding else { return nil }
        if unsafe raw.pointee.http_minor == 0 { return "Transfer-Encoding in a response of HTTP/1.0" }
        let fields = unsafe record.pointee.newFields
        for index in 0..<fields.count where fields.name(index).equalsIgnoringCase("transfer-encoding") {
            let value = fields.value(index)
            if !value.isEmpty, !value.equalsIgnoringCase("chunked") { return "a transfer coding other than chunked" }
        }
        return nil
    }

    private func reason(_ code: llhttp_errno_t) -> String {
        if unsafe record.pointee.isTooLong { return "its head has more than \(Self.maximumHeadBytes) bytes" }
        let reason = unsafe llhttp_get_error_reason(raw).map { unsafe String(cString: $0) } ?? ""
        return reason.isEmpty ? unsafe String(cString: llhttp_errno_name(code)) : reason
    }
}

/// What the callbacks write down.
@unsafe private struct ResponseRecord: ~Copyable {
    /// What the parser has paused for.
    enum Place { case head, body, end }

    var base: UnsafePointer<CChar>?
    var place = Place.head
    var fields = FieldTable()
    var isHead = false
    var hasHead = false
    var endsWithConnection = false
    var keepsAlive = false
    var hasTransferCoding = false
    var isTooLong = false
    var bodyOffset = 0
    var bodyCount = 0
    /// Which fields were told.
    private var told = 0

    init() {}

    mutating func begin(isHead: Bool) {
        unsafe self.isHead = isHead
        unsafe hasHead = false
        unsafe isTooLong = false
        unsafe told = 0
        unsafe fields.removeAll()
    }

    /// The fields that were not told yet; they count as told from now on.
    mutating func takeFields() -> Range<Int> {
        defer { unsafe told = fields.count }
        return unsafe told..<fields.count
    }

    /// The fields that were not told yet.
    var newFields: ReceivedFields {
        @_lifetime(borrow self)
        get { unsafe fields[told..<fields.count] }
    }
}

// MARK: llhttp's callbacks

// Each returns 0 to go on, HPE_PAUSED to stop here for the caller, or HPE_USER after noting a failure.

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
    // Nobody here has asked for another protocol.
    unsafe parser.pointee.upgrade = 0
    let isFinal = unsafe parser.pointee.status_code >= 200
    // llhttp knows of three interim responses only that they have no body.
    if unsafe record.pointee.isHead || !isFinal {
        unsafe parser.pointee.flags |= UInt16(F_SKIPBODY.rawValue)
    }
    let codings = UInt16(F_CHUNKED.rawValue | F_TRANSFER_ENCODING.rawValue)
    unsafe record.pointee.hasTransferCoding = parser.pointee.flags & codings != 0
    unsafe record.pointee.endsWithConnection = isFinal && llhttp_message_needs_eof(parser) != 0
    let isClosed = unsafe parser.pointee.flags & UInt16(F_CONNECTION_CLOSE.rawValue) != 0
    // A body of chunks and a length has two readings: whoever framed it so is not trusted with another request.
    let hasLength = unsafe parser.pointee.flags & UInt16(F_CONTENT_LENGTH.rawValue) != 0
    let isClear = unsafe !(record.pointee.hasTransferCoding && hasLength)
    unsafe record.pointee.keepsAlive = !isClosed && isClear && llhttp_should_keep_alive(parser) != 0
    unsafe record.pointee.hasHead = isFinal
    unsafe record.pointee.place = .head
    return Int32(HPE_PAUSED.rawValue)
}

private func onBody(_ parser: Parser?, _ at: Text?, _ count: Int) -> Int32 {
    // Asked once more without bytes, llhttp tells of none.
    if count == 0 { return 0 }
    let record = unsafe record(of: parser)
    unsafe record.pointee.bodyOffset = at! - record.pointee.base!
    unsafe record.pointee.bodyCount = count
    unsafe record.pointee.place = .body
    return Int32(HPE_PAUSED.rawValue)
}

private func onMessageComplete(_ parser: Parser?) -> Int32 {
    let record = unsafe record(of: parser)
    unsafe record.pointee.fields.endValue()
    unsafe record.pointee.place = .end
    return Int32(HPE_PAUSED.rawValue)
}

/// The callbacks, in the one table that every parser shares. It is written once and never again.
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
