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

    /// The string without its quotes and escapes, or nil if this is not a string. A lone surrogate is read as U+FFFD.
    public var string: String? {
        guard kind == .string else { return nil }
        return document.hasLoneSurrogates ? LoneSurrogates.replaced(text).span.text() : text.text()
    }

    /// A number exactly as it was spelled, such as `1e-7` or `1.0`, or nil if this is not a number.
    public var rawNumber: String? { kind == .number ? text.text() : nil }

    /// The UTF-8 of a string or the spelling of a number, without a copy; empty for any other kind of value. A lone
    /// surrogate escape in a string appears with the byte FF in place of its backslash.
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

    /// Appends the value in compact form: the order of members, repeated names, the spelling of numbers and of lone surrogates
    /// and the meaning of strings are those of the document.
    public func write(into bytes: inout ByteBuilder) {
        let hasMarks = document.hasLoneSurrogates
        let flags = hasMarks ? YYJSON_WRITE_ALLOW_INVALID_UNICODE : YYJSON_WRITE_NOFLAG
        var count = 0
        let written = unsafe yyjson_val_write_opts(pointer, flags, nil, &count, nil)
        // The reader has checked everything that could make the writer fail, except allocation.
        guard let written = unsafe written else { preconditionFailure("no memory left to write a JSON value") }
        defer { unsafe free(written) }
        let source = unsafe UnsafeRawBufferPointer(start: written, count: count)
        let text = unsafe Span<UInt8>(_unsafeBytes: source)
        if hasMarks {
            LoneSurrogates.appendUnmarked(text, to: &bytes)
        } else {
            bytes.append(text)
        }
    }
}

extension JSONValue {
    /// The member of that name, or nil if there is none or this is not an object. Of several with one name it is the last,
    /// as in JavaScript and Python.
    public subscript(_ name: StaticString) -> JSONValue? {
        // Does not use `members`, which retains the document for each member: that took most of a reader's time.
        var position = unsafe yyjson_obj_iter_with(pointer)
        var found: UnsafeMutablePointer<yyjson_val>?
        while let member = unsafe yyjson_obj_iter_next(&position) {
            if unsafe yyjson_equals_strn(member, name.utf8Start, name.utf8CodeUnitCount) {
                unsafe found = yyjson_obj_iter_get_val(member)
            }
        }
        return unsafe found.map { unsafe JSONValue(document: document, pointer: $0) }
    }

    /// The members of an object in the order of the text; none if this is not an object.
    public var members: JSONMembers { JSONMembers(object: self) }

    /// The elements of an array; none if this is not an array.
    public var elements: JSONElements { JSONElements(array: self) }
}

/// A name and a value of an object.
public struct JSONMember: Sendable {
    /// The name: a string.
    public let name: JSONValue

    /// The value.
    public let value: JSONValue
}

/// The members of an object, one after the other.
@safe public struct JSONMembers: Sequence, IteratorProtocol {
    private let document: JSONDocument
    private var position: yyjson_obj_iter

    init(object: JSONValue) {
        document = object.document
        unsafe position = yyjson_obj_iter_with(object.pointer)
    }

    /// The next member, or nil after the last.
    public mutating func next() -> JSONMember? {
        guard let name = unsafe yyjson_obj_iter_next(&position) else { return nil }
        guard let value = unsafe yyjson_obj_iter_get_val(name) else { return nil }
        return unsafe JSONMember(
            name: JSONValue(document: document, pointer: name), value: JSONValue(document: document, pointer: value))
    }
}

/// The elements of an array, one after the other.
@safe public struct JSONElements: Sequence, IteratorProtocol {
    private let document: JSONDocument
    private var position: yyjson_arr_iter

    init(array: JSONValue) {
        document = array.document
        unsafe position = yyjson_arr_iter_with(array.pointer)
    }

    /// The next element, or nil after the last.
    public mutating func next() -> JSONValue? {
        guard let value = unsafe yyjson_arr_iter_next(&position) else { return nil }
        return unsafe JSONValue(document: document, pointer: value)
    }
}
