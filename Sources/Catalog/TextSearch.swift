import Bytes

/// Finds the rows in whose name, id or slug a text occurs, letters of either case being the same.
///
/// Each row has a signature: for each pair of neighbouring bytes, one bit out of 256. A row whose signature lacks a bit of
/// the wanted text cannot hold it, so nearly all rows are dismissed after four words, and only the rest is read.
struct TextSearch: Sendable {
    private let texts: TextColumn
    private let signatures: [Signature]

    /// Stands between the texts of a row: it is no part of UTF-8, so nothing is found across it.
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
    /// The UTF-8 of the string in lower case, the form in which names are compared that may come in either.
    var foldedUTF8: [UInt8] { Array(lowercased().utf8) }
}
