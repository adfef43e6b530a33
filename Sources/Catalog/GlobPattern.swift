import Bytes

/// A pattern for ids: `*` matches any characters, slashes included, `?` matches one, and anything else matches itself.
/// Case matters, as in ids.
public struct GlobPattern: Equatable, Sendable {
    /// The pattern as UTF-8.
    private let bytes: [UInt8]

    /// Any text is a pattern.
    public init(_ text: String) { bytes = Array(text.utf8) }

    /// Whether the pattern matches the whole text.
    public func matches(_ text: String) -> Bool { matches(Array(text.utf8).span) }

    /// Whether the pattern matches the whole text, which is UTF-8. The time is at most the product of both lengths.
    public func matches(_ text: Span<UInt8>) -> Bool {
        var at = 0
        var place = 0
        /// The place after the last star, and where in the text the match of the rest was last tried.
        var star: (place: Int, at: Int)?
        while at < text.count {
            if place < bytes.count, bytes[place] == UInt8(ascii: "*") {
                place += 1
                star = (place, at)
            } else if place < bytes.count, bytes[place] == UInt8(ascii: "?"), !Self.continues(text[at]) {
                place += 1
                at += 1
                while at < text.count, Self.continues(text[at]) { at += 1 }
            } else if place < bytes.count, bytes[place] == text[at] {
                place += 1
                at += 1
            } else if let last = star {
                // The star takes one byte more.
                star = (last.place, last.at + 1)
                place = last.place
                at = last.at + 1
            } else {
                return false
            }
        }
        return bytes[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }

    /// Whether a byte is not the first one of its character.
    private static func continues(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
}
