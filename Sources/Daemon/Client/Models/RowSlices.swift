import Bytes

/// Where the elements of `data` stand in a body, so that they can be passed on byte for byte.
///
/// The body is known to be JSON: what is read here is its outline only.
struct RowSlices {
    /// The elements in their order, without the white space around them.
    private(set) var ranges: [Range<Int>] = []

    /// Of several members named `data` the last one counts, as everywhere else.
    init(_ body: Span<UInt8>) {
        var at = Self.skipSpace(body, 0)
        guard at < body.count, body[at] == UInt8(ascii: "{") else { return }
        at = Self.skipSpace(body, at + 1)
        while at < body.count, body[at] == UInt8(ascii: "\"") {
            let nameEnd = Self.endOfValue(body, at)
            let isData = body.extracting(at..<nameEnd).equals("\"data\"")
            let start = Self.skipSpace(body, Self.skipSpace(body, nameEnd) + 1)
            let end = Self.endOfValue(body, start)
            if isData { readElements(body, start..<end) }
            at = Self.skipSpace(body, end)
            if at < body.count, body[at] == UInt8(ascii: ",") { at = Self.skipSpace(body, at + 1) }
        }
    }

    private mutating func readElements(_ body: Span<UInt8>, _ array: Range<Int>) {
        ranges = []
        guard !array.isEmpty, body[array.lowerBound] == UInt8(ascii: "[") else { return }
        var at = Self.skipSpace(body, array.lowerBound + 1)
        while at < array.upperBound - 1 {
            let end = Self.endOfValue(body, at)
            ranges.append(at..<end)
            at = Self.skipSpace(body, end)
            if at < array.upperBound, body[at] == UInt8(ascii: ",") { at = Self.skipSpace(body, at + 1) }
        }
    }

    private static func skipSpace(_ body: Span<UInt8>, _ start: Int) -> Int {
        var at = start
        while at < body.count, body[at] == 0x20 || (body[at] >= 0x09 && body[at] <= 0x0D) { at += 1 }
        return at
    }

    /// Behind the value that begins at `start`.
    private static func endOfValue(_ body: Span<UInt8>, _ start: Int) -> Int {
        var depth = 0
        var at = start
        while at < body.count {
            switch body[at] {
            case UInt8(ascii: "\""):
                at = endOfString(body, at)
                if depth == 0 { return at }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return at }
                depth -= 1
                if depth == 0 { return at + 1 }
            case UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D:
                if depth == 0 { return at }
            default: break
            }
            at += 1
        }
        return at
    }

    private static func endOfString(_ body: Span<UInt8>, _ start: Int) -> Int {
        var at = start + 1
        while at < body.count, body[at] != UInt8(ascii: "\"") { at += body[at] == UInt8(ascii: "\\") ? 2 : 1 }
        return min(at + 1, body.count)
    }
}
