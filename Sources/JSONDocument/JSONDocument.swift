import CYYJSON

/// A parsed JSON text (RFC 8259), immutable, and shared by reference between threads.
///
/// Numbers are kept as they were spelled, so that a value can be written back unchanged. A value holds its document, and
/// the document holds all the memory; parsing and writing do not recurse, however deep the text is nested.
@safe public final class JSONDocument: Sendable {
    /// Owned by this object and freed with it; nothing writes to it after the initializer.
    private nonisolated(unsafe) let parsed: UnsafeMutablePointer<yyjson_doc>

    /// Parses one JSON text. The memory it takes is a small multiple of `text.count`: the caller bounds that.
    ///
    /// Throws for anything that is not exactly one value in valid UTF-8: no comments, no trailing commas, no byte order
    /// mark, nothing behind the value but white space.
    public init(parsing text: Span<UInt8>) throws(JSONError) {
        var failure = unsafe yyjson_read_err()
        let document = unsafe text.withUnsafeBufferPointer { source -> UnsafeMutablePointer<yyjson_doc>? in
            // The parser takes a mutable pointer for its in-place mode only, which is not asked for here: it copies.
            unsafe source.withMemoryRebound(to: CChar.self) { characters in
                let start = unsafe UnsafeMutablePointer(mutating: characters.baseAddress)
                return unsafe yyjson_read_opts(
                    start, characters.count, YYJSON_READ_NUMBER_AS_RAW, nil, &failure)
            }
        }
        guard let document = unsafe document else {
            let message = unsafe failure.msg.map { unsafe String(cString: $0) } ?? "unreadable"
            throw unsafe JSONError(message: message, position: failure.pos)
        }
        unsafe parsed = document
    }

    deinit { unsafe yyjson_doc_free(parsed) }

    /// The outermost value.
    public var root: JSONValue { unsafe JSONValue(document: self, pointer: yyjson_doc_get_root(parsed)) }
}
