import Bytes

/// Entity tags and the one precondition on them that a cache of GET answers needs (RFC 9110 sections 8.8.3 and 13.1.2).
public enum EntityTag {
    /// Whether `If-None-Match` names the current representation, by the weak comparison: `*`, or a list that holds the
    /// same opaque tag, `W/` before it or not. `current` is a strong tag with its quotes.
    public static func matches(ifNoneMatch field: Span<UInt8>, current: Span<UInt8>) -> Bool {
        if field.equals(current) { return true }
        var elements = ListElements(field)
        while let range = elements.next(in: field) {
            let element = field.extracting(range)
            if element.equals("*") { return true }
            let opaque = element.starts(with: "W/") ? element.extracting(2..<element.count) : element
            if opaque.equals(current) { return true }
        }
        return false
    }
}
