import Bytes

/// Finds the rows whose name, id or slug contains a text, ignoring case.
///
/// Each row has a signature: for each pair of neighbouring bytes, one bit out of 256. A row whose signature lacks a bit
/// of the searched text cannot contain it. So nearly all rows are rejected after four words, and only the rest is read.
struct TextSearch: Sendable {
    private let texts: TextColumn
    private let signatures: [Signature]

    /// Separates the texts of a row. It cannot occur in UTF-8, so no match crosses it.
    private static let separator: UInt8 = 0xFF

    init(_ rows: [ModelFields], pausing pause: () -> Void) {
        let texts = rows.map { row in
            pause()
            var text = row.name.foldedUTF8
            text.append(Self.separator)
            text += row.id.foldedUTF8
            text.append(Self.separator)
            text += (row.canonicalSlug ?? "").foldedUTF8
            return text
        }
        self.texts = TextColumn(texts)
        signatures = texts.map { Signature($0.span) }
    }

    /// A text to look for, prepared once for all rows.
    struct Pattern {
        fileprivate let bytes: [UInt8]
        fileprivate let signature: Signature

        /// `folded` is as `foldedUTF8` gives it.
        init(folded: [UInt8]) {
            bytes = folded
            signature = Signature(folded.span)
        }
    }

    /// Whether the pattern occurs in the row.
    @inline(__always)
    func row(_ row: Int, contains pattern: Pattern) -> Bool {
        signatures[row].covers(pattern.signature) && read(row, for: pattern.bytes)
    }

    private func read(_ row: Int, for wanted: [UInt8]) -> Bool {
        let text = texts.bytes.span.extracting(texts.range(row))
        guard let first = wanted.first, wanted.count <= text.count else { return wanted.isEmpty }
        var at = 0
        while let found = text.firstIndex(of: first, from: at), found + wanted.count <= text.count {
            if text.extracting(found..<found + wanted.count).equals(wanted.span) { return true }
            at = found + 1
        }
        return false
    }
}

private struct Signature: Sendable {
    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    init(_ text: Span<UInt8>) {
        var index = 1
        while index < text.count {
            let pair = UInt32(text[index - 1]) << 8 | UInt32(text[index])
            // Fibonacci hashing: the top eight bits of a product with 2^32 / phi.
            enter(Int(pair &* 0x9E37_79B1 >> 24))
            index += 1
        }
    }

    private mutating func enter(_ bit: Int) {
        let mask: UInt64 = 1 << UInt64(bit & 63)
        switch bit >> 6 {
        case 0: words.0 |= mask
        case 1: words.1 |= mask
        case 2: words.2 |= mask
        default: words.3 |= mask
        }
    }

    @inline(__always)
    func covers(_ other: Signature) -> Bool {
        (other.words.0 & ~words.0) | (other.words.1 & ~words.1) | (other.words.2 & ~words.2)
            | (other.words.3 & ~words.3) == 0
    }
}

extension String {
    /// The UTF-8 of the string in lower case, for comparing names without regard to case.
    var foldedUTF8: [UInt8] { Array(lowercased().utf8) }
}

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

    /// The range of a row's text in `bytes`.
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
