import Bytes

/// Walks the elements of a comma-separated field value (RFC 9110 section 5.6.1): quoted strings are not split, empty
/// elements are passed over, white space around an element is left out.
public struct ListElements {
    private var at = 0
    private let end: Int

    /// Begins at the first byte of `value`.
    public init(_ value: Span<UInt8>) { end = value.count }

    /// The next element's range in the same `value`, or nil at its end.
    public mutating func next(in value: Span<UInt8>) -> Range<Int>? {
        while at < end {
            let start = at
            var quoted = false
            while at < end {
                let byte = value[at]
                if quoted && byte == UInt8(ascii: "\\") {
                    at += 1
                } else if byte == UInt8(ascii: "\"") {
                    quoted.toggle()
                } else if byte == UInt8(ascii: ",") && !quoted {
                    break
                }
                at += 1
            }
            let range = trimmed(value, start..<min(at, end))
            at += 1
            if !range.isEmpty { return range }
        }
        return nil
    }
}

/// `range` without the spaces and tabs at its two ends.
@inline(__always)
public func trimmed(_ text: Span<UInt8>, _ range: Range<Int>) -> Range<Int> {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high, isBlank(text[low]) { low += 1 }
    while high > low, isBlank(text[high - 1]) { high -= 1 }
    return low..<high
}

@inline(__always)
private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }
