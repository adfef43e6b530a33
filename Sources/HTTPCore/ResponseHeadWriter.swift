public import Bytes

/// Writes response heads (RFC 9112 sections 4 and 5), and what is sent with them, into a buffer of its own: one at a time,
/// or several that are kept together.
///
/// The buffer stays when the response was sent, so a writer that is used again allocates nothing. Values come from
/// Larder itself, unless a function says that it makes them safe.
public struct ResponseHeadWriter: ~Copyable {
    /// What was written since `begin`.
    public private(set) var bytes: ByteBuilder

    /// A writer with room for `capacity` bytes; it grows when they are used up.
    public init(capacity: Int = 1024) { bytes = ByteBuilder(capacity: capacity) }

    /// Begins anew, without a head.
    public mutating func removeAll() { bytes.removeAll() }

    /// Begins a head with its status line.
    public mutating func begin(_ status: Status) {
        bytes.removeAll()
        statusLine(status)
    }

    /// Appends a status line. The version is always 1.1, the highest that Larder speaks (RFC 9110 section 2.5).
    public mutating func statusLine(_ status: Status) {
        bytes.append("HTTP/1.1 ")
        bytes.append(decimal: status.rawValue)
        bytes.append(UInt8(ascii: " "))
        bytes.append(status.reasonPhrase)
        bytes.append("\r\n")
    }

    /// Begins the part of a cached answer's head that changes with time. `common` holds the lines that all such answers
    /// have, up to the value of `Age`; `age` is that value, in seconds.
    public mutating func begin(common: Span<UInt8>, age: Int) {
        bytes.removeAll()
        bytes.append(common)
        bytes.append(decimal: age)
        bytes.append("\r\n")
    }

    // MARK: Fields

    /// Appends a field.
    public mutating func field(_ name: StaticString, _ value: StaticString) {
        begin(name)
        bytes.append(value)
        bytes.append("\r\n")
    }

    /// Appends a field with a value of bytes.
    public mutating func field(_ name: StaticString, _ value: Span<UInt8>) {
        begin(name)
        bytes.append(value)
        bytes.append("\r\n")
    }

    /// Appends a field whose value is a number after some text.
    public mutating func field(_ name: StaticString, _ text: StaticString = "", decimal value: Int) {
        begin(name)
        bytes.append(text)
        bytes.append(decimal: value)
        bytes.append("\r\n")
    }

    /// Appends a field with a date, given in Unix seconds.
    public mutating func field(_ name: StaticString, date: Int64) {
        begin(name)
        HTTPDate.append(date, to: &bytes)
        bytes.append("\r\n")
    }

    private mutating func begin(_ name: StaticString) {
        bytes.append(name)
        bytes.append(": ")
    }

    /// Appends a field as somebody else sent it. Control characters in the value become spaces (RFC 9110 section 5.5);
    /// the name is a token already.
    public mutating func relayedField(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        bytes.append(name)
        bytes.append(": ")
        if FieldSyntax.isValue(value) {
            bytes.append(value)
        } else {
            bytes.append(FieldSyntax.sanitized(value).span)
        }
        bytes.append("\r\n")
    }

    /// Appends lines that were prepared, each with its line end.
    public mutating func lines(_ lines: Span<UInt8>) { bytes.append(lines) }

    /// Appends `Cache-Status`.
    @inline(__always)
    public mutating func cacheStatus(_ status: CacheStatus) { status.append(to: &bytes) }

    /// Appends whether the connection closes, or how long it waits for the next request. `keepAlive` holds the lines
    /// that say so; they may be empty. That the connection stays open is then written for clients of version 1.0 only
    /// (RFC 9112 section 9.3).
    public mutating func connection(closes: Bool, keepAlive: Span<UInt8>, isVersion11: Bool) {
        if closes {
            bytes.append("Connection: close\r\n")
        } else if !keepAlive.isEmpty {
            bytes.append(keepAlive)
        } else if !isVersion11 {
            bytes.append("Connection: keep-alive\r\n")
        }
    }

    /// Ends the head, or the trailers of a last chunk.
    public mutating func end() { bytes.append("\r\n") }

    // MARK: Content

    /// Appends a part of the body, which is sent with the head.
    public mutating func content(_ part: Span<UInt8>) { bytes.append(part) }

    /// Appends a part of the body as a chunk (RFC 9112 section 7.1). It must not be empty: that would be the last one.
    public mutating func chunk(_ part: Span<UInt8>) { bytes.append(chunk: part) }

    /// Appends the last chunk. Trailers may follow, and then `end`.
    public mutating func lastChunk() { bytes.append("0\r\n") }
}

/// Keeps a writer between two responses. A response that is not sent at once keeps its writer until then.
public struct SpareHeadWriter: ~Copyable {
    private var spare: ResponseHeadWriter?

    /// One writer, ready to be taken.
    public init() { spare = ResponseHeadWriter() }

    /// The spare writer, or another one if that is taken.
    public mutating func take() -> ResponseHeadWriter { spare.take() ?? ResponseHeadWriter() }

    /// Keeps a writer for the next response.
    public mutating func giveBack(_ writer: consuming ResponseHeadWriter) { spare = consume writer }
}
