internal import Bytes

/// The fields of a response in order: names as the server spelled them, values without the white space around them.
/// They are valid until the parser reads on.
public struct ReceivedFields: ~Escapable {
    /// The position of a field. Its value directly follows its name.
    struct Line {
        var start = 0
        var nameCount = 0
        var valueCount = 0
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
    /// Only the first `count` belong to this response: a place is used again, as that costs less than to remove it.
    private var lines: [ReceivedFields.Line] = []
    /// How many fields are complete.
    private(set) var count = 0
    /// The field that is being received, if any. It is no element of the array, whose every access has checks.
    private var last = ReceivedFields.Line()
    private var hasLast = false
    /// Whether the name of the last field is complete.
    private var isNamed = true
    /// Whether a name is as long as `Keep-Alive` or `Transfer-Encoding`. If not, neither needs to be searched for.
    private(set) var mayConcernConnection = false

    init() { lines.reserveCapacity(20) }

    /// Their size in bytes. A line counts for more than its text.
    var size: Int { bytes.count + 4 * (hasLast ? count + 1 : count) }

    mutating func removeAll() {
        bytes.removeAll()
        count = 0
        hasLast = false
        isNamed = true
        mayConcernConnection = false
    }

    /// Appends to the name of the last field, or begins the next one.
    mutating func append(name: Span<UInt8>) {
        if isNamed {
            endValue()
            last = ReceivedFields.Line(start: bytes.count)
            hasLast = true
            isNamed = false
        }
        bytes.append(name)
        last.nameCount += name.count
    }

    /// The name of the last field is complete.
    mutating func endName() {
        isNamed = true
        if last.nameCount == 10 || last.nameCount == 17 { mayConcernConnection = true }
    }

    /// Appends to the value of the last field.
    mutating func append(value: Span<UInt8>) {
        bytes.append(value)
        last.valueCount += value.count
    }

    /// The value of the last field is complete, if it was not already. Removes the white space after it, which llhttp
    /// includes (RFC 9112 section 5.1).
    mutating func endValue() {
        guard hasLast else { return }
        hasLast = false
        while last.valueCount > 0, isBlank(bytes.span[bytes.count - 1]) {
            bytes.removeLast(1)
            last.valueCount -= 1
        }
        if count < lines.count { lines[count] = last } else { lines.append(last) }
        count += 1
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
        table.endValue()
    }

    /// All of them, in order.
    public var all: ReceivedFields {
        @_lifetime(borrow self)
        get { table[0..<table.count] }
    }
}
