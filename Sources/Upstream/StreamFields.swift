import Bytes

/// The fields of a streamed response in order: names as they were spelled, values without the white space around them.
/// They are gone when the call that tells them returns.
public struct StreamFields: ~Escapable {
    /// Where a field lies: its value stands right behind its name.
    struct Line {
        var start: Int
        var nameCount: Int
        var valueCount: Int
    }

    private let bytes: Span<UInt8>
    private let lines: Span<Line>

    @_lifetime(copy bytes, copy lines)
    init(_ bytes: Span<UInt8>, _ lines: Span<Line>) {
        self.bytes = bytes
        self.lines = lines
    }

    /// How many there are.
    public var count: Int { lines.count }

    /// A field's name.
    @_lifetime(copy self)
    public func name(_ index: Int) -> Span<UInt8> {
        let line = lines[index]
        return bytes.extracting(line.start..<line.start + line.nameCount)
    }

    /// A field's value, which may be empty, and need not be UTF-8.
    @_lifetime(copy self)
    public func value(_ index: Int) -> Span<UInt8> {
        let line = lines[index]
        let start = line.start + line.nameCount
        return bytes.extracting(start..<start + line.valueCount)
    }
}

/// The fields of a stream's heads, one after the other: one run of bytes for all of them.
struct FieldTable: ~Copyable {
    private var bytes = ByteBuilder(capacity: 1000)
    private var lines: [StreamFields.Line] = []

    init() { lines.reserveCapacity(20) }

    /// How many there are.
    var count: Int { lines.count }

    mutating func append(_ name: Span<UInt8>, _ value: Span<UInt8>) {
        lines.append(StreamFields.Line(start: bytes.count, nameCount: name.count, valueCount: value.count))
        bytes.append(name)
        bytes.append(value)
    }

    /// Goes on with the value of the last field.
    mutating func extend(_ value: Span<UInt8>) {
        bytes.append(" ")
        bytes.append(value)
        lines[lines.count - 1].valueCount += 1 + value.count
    }

    subscript(range: Range<Int>) -> StreamFields {
        @_lifetime(borrow self)
        get { StreamFields(bytes.span, lines.span.extracting(range)) }
    }
}
