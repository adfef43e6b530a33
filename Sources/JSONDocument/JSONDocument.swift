import Bytes
import CYYJSON

/// A parsed JSON text (RFC 8259), immutable, and shared by reference between threads.
///
/// Numbers are kept as they were spelled, so that a value can be written back unchanged. A value holds its document, and
/// the document holds all the memory; parsing and writing do not recurse, however deep the text is nested.
@safe public final class JSONDocument: Sendable {
    /// Owned by this object and freed with it; nothing writes to it after the initializer.
    private nonisolated(unsafe) let parsed: UnsafeMutablePointer<yyjson_doc>

    /// Whether strings of it hold marked escapes.
    let hasLoneSurrogates: Bool

    /// Parses one JSON text. The memory it takes is a small multiple of `text.count`: the caller bounds that.
    ///
    /// Throws for anything that is not exactly one value in valid UTF-8: no comments, no trailing commas, nothing but
    /// white space after the value. A byte order mark before it is ignored (RFC 8259 section 8.1), and a lone surrogate
    /// escape is kept (section 8.2).
    public init(parsing text: Span<UInt8>) throws(JSONError) {
        let start = Self.hasByteOrderMark(text) ? 3 : 0
        let value = text.extracting(start..<text.count)
        do throws(JSONError) {
            unsafe parsed = try Self.parse(value, flags: YYJSON_READ_NUMBER_AS_RAW, behind: start)
            hasLoneSurrogates = false
        } catch {
            guard let marked = LoneSurrogates.marked(value) else { throw error }
            unsafe parsed = try Self.parse(
                marked.span, flags: YYJSON_READ_NUMBER_AS_RAW | YYJSON_READ_ALLOW_INVALID_UNICODE, behind: start)
            hasLoneSurrogates = true
        }
    }

    private static func hasByteOrderMark(_ text: Span<UInt8>) -> Bool {
        text.count >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF
    }

    /// `start` is the offset of the text, for the position of an error.
    private static func parse(
        _ text: Span<UInt8>, flags: yyjson_read_flag, behind start: Int
    ) throws(JSONError) -> UnsafeMutablePointer<yyjson_doc> {
        var failure = unsafe yyjson_read_err()
        let document = unsafe text.withUnsafeBufferPointer { source -> UnsafeMutablePointer<yyjson_doc>? in
            // The parser takes a mutable pointer only for its in-place mode. That mode is off here, so it copies.
            unsafe source.withMemoryRebound(to: CChar.self) { characters in
                let start = unsafe UnsafeMutablePointer(mutating: characters.baseAddress)
                return unsafe yyjson_read_opts(start, characters.count, flags, nil, &failure)
            }
        }
        guard let document = unsafe document else {
            let message = unsafe failure.msg.map { unsafe String(cString: $0) } ?? "unreadable"
            throw unsafe JSONError(message: message, position: start + failure.pos)
        }
        return unsafe document
    }

    deinit { unsafe yyjson_doc_free(parsed) }

    /// The outermost value.
    public var root: JSONValue { unsafe JSONValue(document: self, pointer: yyjson_doc_get_root(parsed)) }
}

/// Why bytes are not a JSON document.
public struct JSONError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, in the parser's words.
    public let message: String

    /// The offset in bytes at which the parser stopped.
    public let position: Int

    /// The message and the position in one line.
    public var description: String { "\(message), at byte \(position)" }
}
