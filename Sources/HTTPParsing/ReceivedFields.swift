internal import Bytes

/// The fields of a response in order: names as they were spelled, values without the white space around them.
/// They are gone when the parser reads on.
public struct ReceivedFields: ~Escapable {
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

/// The fields of a response's heads and trailers, one after the other: one run of bytes for all of them.
struct FieldTable: ~Copyable {
    private var bytes = ByteBuilder(capacity: 1000)
    private var lines: [ReceivedFields.Line] = []
    /// Whether the last line has its whole name.
    private var isNamed = true

    init() { lines.reserveCapacity(20) }

    /// How many there are.
    var count: Int { lines.count }

    /// What they take, in bytes; a line counts for more than its text.
    var size: Int { bytes.count + 4 * lines.count }

    mutating func removeAll() {
        bytes.removeAll()
        lines.removeAll(keepingCapacity: true)
        isNamed = true
    }

    /// Goes on with the name of the last field, or begins the next one.
    mutating func append(name: Span<UInt8>) {
        if isNamed {
            endValue()
            lines.append(ReceivedFields.Line(start: bytes.count, nameCount: 0, valueCount: 0))
            isNamed = false
        }
        bytes.append(name)
        lines[lines.count - 1].nameCount += name.count
    }

    /// The last field's name is whole.
    mutating func endName() { isNamed = true }

    /// Goes on with the value of the last field.
    mutating func append(value: Span<UInt8>) {
        bytes.append(value)
        lines[lines.count - 1].valueCount += value.count
    }

    /// Leaves out the white space behind the last value, which llhttp counts in (RFC 9112 section 5.1).
    mutating func endValue() {
        guard let last = lines.indices.last else { return }
        while lines[last].valueCount > 0, isBlank(bytes.span[bytes.count - 1]) {
            bytes.removeLast(1)
            lines[last].valueCount -= 1
        }
    }

    private func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    subscript(range: Range<Int>) -> ReceivedFields {
        @_lifetime(borrow self)
        get { ReceivedFields(bytes.span, lines.span.extracting(range)) }
    }
}
