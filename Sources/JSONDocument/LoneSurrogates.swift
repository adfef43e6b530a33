import Bytes

/// Lone surrogate escapes, such as `\ud83d` without its other half, which are valid JSON (RFC 8259 section 8.2) but which
/// yyjson does not read.
///
/// The backslash of each is replaced by a byte that cannot occur in UTF-8 before yyjson reads the text, and put back
/// when a value is written. So the escape keeps its spelling and its position in the text.
enum LoneSurrogates {
    /// Stands for the backslash of a lone surrogate escape. It cannot occur in UTF-8.
    static let mark: UInt8 = 0xFF

    /// The bytes after the mark: `u` and four digits.
    private static let rest = 5

    /// A copy of the text with its lone surrogate escapes marked. Nil if it has none, or is not UTF-8.
    static func marked(_ text: Span<UInt8>) -> [UInt8]? {
        var positions: [Int] = []
        var index = 0
        while let escape = text.firstIndex(of: UInt8(ascii: "\\"), from: index) {
            guard let unit = unit(text, at: escape) else {
                // Any other escape, or the text ends here.
                index = escape + 2
                continue
            }
            index = escape + rest + 1
            if isHigh(unit), let next = Self.unit(text, at: index), isLow(next) {
                index += rest + 1
            } else if isHigh(unit) || isLow(unit) {
                positions.append(escape)
            }
        }
        // A mark in the text itself would be taken for an escape.
        guard !positions.isEmpty, String(validating: text.copied(), as: UTF8.self) != nil else { return nil }
        var bytes = text.copied()
        for position in positions { bytes[position] = mark }
        return bytes
    }

    /// The text of a string with each marked escape read as U+FFFD, as UTF-8 cannot hold a surrogate.
    static func replaced(_ text: Span<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var start = 0
        while let position = text.firstIndex(of: mark, from: start) {
            result.append(copying: text.extracting(start..<position))
            result += [0xEF, 0xBF, 0xBD]
            start = min(position + rest + 1, text.count)
        }
        result.append(copying: text.extracting(start..<text.count))
        return result
    }

    /// Appends written JSON with its marks turned back into backslashes.
    static func appendUnmarked(_ text: Span<UInt8>, to bytes: inout ByteBuilder) {
        var start = 0
        while let position = text.firstIndex(of: mark, from: start) {
            bytes.append(text.extracting(start..<position))
            bytes.append(UInt8(ascii: "\\"))
            start = position + 1
        }
        bytes.append(text.extracting(start..<text.count))
    }

    /// The code unit that a `\u` escape at `start` encodes, or nil if there is none.
    private static func unit(_ text: Span<UInt8>, at start: Int) -> UInt16? {
        guard start + rest < text.count, text[start] == UInt8(ascii: "\\"), text[start + 1] == UInt8(ascii: "u") else {
            return nil
        }
        var unit: UInt16 = 0
        for index in start + 2...start + rest {
            guard let digit = hexDigitValue(text[index]) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    private static func isHigh(_ unit: UInt16) -> Bool { unit & 0xFC00 == 0xD800 }

    private static func isLow(_ unit: UInt16) -> Bool { unit & 0xFC00 == 0xDC00 }
}

extension [UInt8] {
    fileprivate mutating func append(copying text: Span<UInt8>) {
        for index in 0..<text.count { append(text[index]) }
    }
}
