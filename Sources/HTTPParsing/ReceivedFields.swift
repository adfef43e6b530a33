internal import Bytes

/// The fields of a response in order: names as the server spelled them, values without the white space around them.
/// They are valid until the parser reads on.
public struct ReceivedFields: ~Escapable {
    /// The position of a field. Its value directly follows its name.
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

/// The fields of a response's heads and trailers, one after the other, in one buffer.
struct FieldTable: ~Copyable {
    private var bytes = ByteBuilder(capacity: 1000)
    private var lines: [ReceivedFields.Line] = []
    /// Whether the name of the last line is complete.
    private var isNamed = true
    /// Whether a name is as long as `Keep-Alive` or `Transfer-Encoding`. If not, neither needs to be searched for.
    private(set) var mayConcernConnection = false

    init() { lines.reserveCapacity(20) }

    /// How many there are.
    var count: Int { lines.count }

    /// Their size in bytes. A line counts for more than its text.
    var size: Int { bytes.count + 4 * lines.count }

    mutating func removeAll() {
        bytes.removeAll()
        lines.removeAll(keepingCapacity: true)
        isNamed = true
        mayConcernConnection = false
    }

    /// Appends to the name of the last field, or begins the next one.
    mutating func append(name: Span<UInt8>) {
        if isNamed {
            endValue()
            lines.append(ReceivedFields.Line(start: bytes.count, nameCount: 0, valueCount: 0))
            isNamed = false
        }
        bytes.append(name)
        lines[lines.count - 1].nameCount += name.count
    }

    /// The name of the last field is complete.
    mutating func endName() {
        isNamed = true
        if let count = lines.last?.nameCount, count == 10 || count == 17 { mayConcernConnection = true }
    }

    /// Appends to the value of the last field.
    mutating func append(value: Span<UInt8>) {
        bytes.append(value)
        lines[lines.count - 1].valueCount += value.count
    }

    /// Removes the white space after the last value, which llhttp includes (RFC 9112 section 5.1).
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

/// Fields that this program makes rather than receives, for code that accepts either.
public struct MadeFields: ~Copyable {
    private var table = FieldTable()

    /// No field yet.
    public init() {}

    /// Adds a field without checking it.
    public mutating func add(_ name: String, _ value: String) {
        table.append(name: name.utf8.span)
        table.endName()
        table.append(value: value.utf8.span)
    }

    /// All of them, in order.
    public var all: ReceivedFields {
        @_lifetime(borrow self)
        get { table[0..<table.count] }
    }
}
