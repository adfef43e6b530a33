import Bytes

/// One text for each row, all in one run of bytes.
struct TextColumn: Sendable {
    /// The texts one after the other, without separators.
    let bytes: SharedBytes
    /// Where each text begins, and at the end where the last one ends.
    private let starts: [Int]

    init(_ texts: [[UInt8]]) {
        var joined = ByteBuilder(capacity: texts.reduce(0) { $0 + $1.count })
        var starts = [0]
        starts.reserveCapacity(texts.count + 1)
        for text in texts {
            joined.append(text.span)
            starts.append(joined.count)
        }
        self.starts = starts
        bytes = joined.finish()
    }

    /// Where the text of a row stands in `bytes`.
    @inline(__always)
    func range(_ row: Int) -> Range<Int> { starts[row]..<starts[row + 1] }

    /// The text of a row.
    func slice(_ row: Int) -> ByteSlice { bytes[range(row)] }

    /// Whether a row's text is this.
    @inline(__always)
    func matches(_ row: Int, _ text: Span<UInt8>) -> Bool { bytes.span.extracting(range(row)).equals(text) }

    /// Whether both are one and the same object.
    func isSame(as other: TextColumn) -> Bool { bytes === other.bytes }
}
