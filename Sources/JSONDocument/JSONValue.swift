public import Bytes
import CYYJSON
import Glibc

/// One value of a document. It keeps the document alive, and copies nothing until asked to.
@safe public struct JSONValue: Sendable {
    let document: JSONDocument
    /// Points into the document's memory.
    nonisolated(unsafe) let pointer: UnsafeMutablePointer<yyjson_val>

    @unsafe init(document: JSONDocument, pointer: UnsafeMutablePointer<yyjson_val>) {
        self.document = document
        unsafe self.pointer = pointer
    }

    /// The six kinds of JSON values, RFC 8259 section 3.
    public enum Kind: Sendable {
        /// `null`.
        case null
        /// `true` or `false`.
        case bool
        /// A number, of any spelling.
        case number
        /// A string.
        case string
        /// An array.
        case array
        /// An object.
        case object
    }

    /// What kind of value this is.
    public var kind: Kind {
        if unsafe yyjson_is_obj(pointer) { return .object }
        if unsafe yyjson_is_arr(pointer) { return .array }
        if unsafe yyjson_is_str(pointer) { return .string }
        if unsafe yyjson_is_raw(pointer) { return .number }
        return unsafe yyjson_is_bool(pointer) ? .bool : .null
    }

    /// Whether this is `null`.
    public var isNull: Bool { unsafe yyjson_is_null(pointer) }

    /// The truth value, or nil if this is not one.
    public var bool: Bool? { unsafe yyjson_is_bool(pointer) ? yyjson_get_bool(pointer) : nil }

    /// The number of members or elements; 0 for any other kind of value.
    public var count: Int { unsafe yyjson_is_ctn(pointer) ? yyjson_get_len(pointer) : 0 }

    /// The string without its quotes and escapes, or nil if this is not a string.
    public var string: String? { kind == .string ? text.text() : nil }

    /// A number exactly as it was spelled, such as `1e-7` or `1.0`, or nil if this is not a number.
    public var rawNumber: String? { kind == .number ? text.text() : nil }

    /// The UTF-8 of a string or the spelling of a number, without a copy; empty for any other kind of value.
    public var text: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let start = unsafe yyjson_is_raw(pointer) ? yyjson_get_raw(pointer) : yyjson_get_str(pointer)
            let count = unsafe start == nil ? 0 : yyjson_get_len(pointer)
            let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count)
            let span = unsafe Span<UInt8>(_unsafeBytes: bytes)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    /// Appends the value in compact form: the order of members, repeated names, the spelling of numbers and the meaning
    /// of strings are those of the document.
    public func write(into bytes: inout ByteBuilder) {
        var count = 0
        let written = unsafe yyjson_val_write_opts(pointer, YYJSON_WRITE_NOFLAG, nil, &count, nil)
        // The reader has checked all that the writer can object to; what is left is the allocator.
        guard let written = unsafe written else { preconditionFailure("no memory left to write a JSON value") }
        defer { unsafe free(written) }
        let source = unsafe UnsafeRawBufferPointer(start: written, count: count)
        unsafe bytes.append(Span<UInt8>(_unsafeBytes: source))
    }
}
