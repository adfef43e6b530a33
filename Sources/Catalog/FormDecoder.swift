import Bytes

/// Decodes `application/x-www-form-urlencoded` as browsers do (WHATWG URL, section 5.1): pairs are split at `&`, a plus
/// is a space, a percent sign without two hexadecimal digits stands for itself, and invalid UTF-8 becomes U+FFFD.
public enum FormDecoder {
    /// All pairs in the order of the query, repeated names included.
    public static func parameters(_ query: Span<UInt8>) -> [QueryParameter] {
        var result: [QueryParameter] = []
        var most = 1
        for index in query.indices where query[index] == UInt8(ascii: "&") { most += 1 }
        result.reserveCapacity(most)
        forEachPair(query) { pair in
            let end = query.extracting(pair).firstIndex(of: UInt8(ascii: "=")).map { pair.lowerBound + $0 }
            let name = pair.lowerBound..<(end ?? pair.upperBound)
            let value = end.map { $0 + 1..<pair.upperBound } ?? pair.upperBound..<pair.upperBound
            result.append(
                QueryParameter(name: decoded(query.extracting(name)), value: decoded(query.extracting(value))))
        }
        return result
    }

    /// Calls `body` with the range of each pair that is not empty.
    static func forEachPair(_ query: Span<UInt8>, _ body: (Range<Int>) -> Void) {
        var start = 0
        while start < query.count {
            let end = query.firstIndex(of: UInt8(ascii: "&"), from: start) ?? query.count
            if end > start { body(start..<end) }
            start = end + 1
        }
    }

    /// The decoded name of one pair.
    static func name(of pair: Span<UInt8>) -> [UInt8] {
        decoded(pair.extracting(0..<(pair.firstIndex(of: UInt8(ascii: "=")) ?? pair.count)))
    }

    /// The entries of a value between its commas, without spaces at their ends; empty entries are left out.
    package static func list(_ value: [UInt8]) -> [[UInt8]] {
        value.split(separator: UInt8(ascii: ",")).map { entry in
            let start = entry.firstIndex { $0 != UInt8(ascii: " ") } ?? entry.endIndex
            let end = entry.lastIndex { $0 != UInt8(ascii: " ") }.map { $0 + 1 } ?? start
            return Array(entry[start..<end])
        }.filter { !$0.isEmpty }
    }

    private static func decoded(_ text: Span<UInt8>) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var isASCII = true
        var index = 0
        while index < text.count {
            var byte = text[index]
            if byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            } else if byte == UInt8(ascii: "%"), index + 2 < text.count,
                let high = hexDigitValue(text[index + 1]), let low = hexDigitValue(text[index + 2])
            {
                byte = high << 4 | low
                index += 2
            }
            isASCII = isASCII && byte < 0x80
            bytes.append(byte)
            index += 1
        }
        return isASCII ? bytes : Array(String(decoding: bytes, as: UTF8.self).utf8)
    }
}
