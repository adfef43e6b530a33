import Bytes

/// The directives of a `Cache-Control` field that Larder acts on (RFC 9111 section 5.2), of a request or a response.
public struct CacheControl: Equatable, Sendable {
    /// The flags that are present in the field.
    public struct Flags: OptionSet, Sendable {
        /// One bit for each.
        public let rawValue: UInt8
        /// The set of these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// `no-cache`
        public static let noCache = Flags(rawValue: 1 << 0)
        /// `no-store`
        public static let noStore = Flags(rawValue: 1 << 1)
        /// `only-if-cached`
        public static let onlyIfCached = Flags(rawValue: 1 << 2)
        /// `public`
        public static let isPublic = Flags(rawValue: 1 << 3)
        /// `private`
        public static let isPrivate = Flags(rawValue: 1 << 4)
        /// `must-revalidate`
        public static let mustRevalidate = Flags(rawValue: 1 << 5)
        /// `proxy-revalidate`
        public static let proxyRevalidate = Flags(rawValue: 1 << 6)
    }

    /// The flags that are present.
    public var flags: Flags = []

    /// `max-age` in seconds; nil if absent or not a number.
    public var maxAge: Int?

    /// `s-maxage` in seconds; nil if absent or not a number.
    public var sharedMaxAge: Int?

    /// No directive at all.
    public init() {}

    /// Whether a shared cache must not use a response once it is stale: `must-revalidate`, `proxy-revalidate`, and
    /// `s-maxage`, which implies the latter (RFC 9111 sections 5.2.2.2, 5.2.2.8 and 5.2.2.10).
    public var forbidsStaleUse: Bool {
        !flags.isDisjoint(with: [.mustRevalidate, .proxyRevalidate]) || sharedMaxAge != nil
    }

    /// Adds the directives of a field line. Unknown directives are ignored (RFC 9111 section 5.2.3). If a number is
    /// given twice, the first one counts (section 4.2.1).
    public mutating func merge(_ field: Span<UInt8>) {
        var elements = ListElements(field)
        while let range = elements.next(in: field) {
            let element = field.extracting(range)
            let equals = element.firstIndex(of: UInt8(ascii: "="))
            let name = element.extracting(trimmed(element, 0..<(equals ?? element.count)))
            if let flag = Self.flag(name) {
                flags.insert(flag)
            } else if let equals, name.equalsIgnoringCase("max-age") {
                maxAge = maxAge ?? Self.seconds(element.extracting(equals + 1..<element.count))
            } else if let equals, name.equalsIgnoringCase("s-maxage") {
                sharedMaxAge = sharedMaxAge ?? Self.seconds(element.extracting(equals + 1..<element.count))
            }
        }
    }

    private static func flag(_ name: Span<UInt8>) -> Flags? {
        if name.equalsIgnoringCase("no-cache") { return .noCache }
        if name.equalsIgnoringCase("no-store") { return .noStore }
        if name.equalsIgnoringCase("only-if-cached") { return .onlyIfCached }
        if name.equalsIgnoringCase("public") { return .isPublic }
        if name.equalsIgnoringCase("private") { return .isPrivate }
        if name.equalsIgnoringCase("must-revalidate") { return .mustRevalidate }
        if name.equalsIgnoringCase("proxy-revalidate") { return .proxyRevalidate }
        return nil
    }

    /// Delta-seconds (RFC 9111 section 1.2.2): digits, or the same as a quoted string; too large counts as 2^31.
    static func seconds(_ text: Span<UInt8>) -> Int? {
        var range = trimmed(text, 0..<text.count)
        if range.count >= 2, text[range.lowerBound] == UInt8(ascii: "\""),
            text[range.upperBound - 1] == UInt8(ascii: "\"")
        {
            range = range.lowerBound + 1..<range.upperBound - 1
        }
        guard !range.isEmpty else { return nil }
        var value = 0
        for index in range {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = min(value * 10 + Int(digit), 1 << 31)
        }
        return value
    }
}

/// Entity tags: their weak comparison, and the one precondition on them that a cache of GET answers needs (RFC 9110
/// sections 8.8.3 and 13.1.2).
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

    /// Whether two tags, as received, are the same by the weak comparison: with or without `W/` before each of them
    /// (RFC 9110 section 8.8.3.2).
    public static func areSame(_ one: String, _ other: String) -> Bool {
        opaque(one).elementsEqual(opaque(other))
    }

    /// A tag without `W/`. Text is compared by its bytes, since equal strings may have different ones.
    private static func opaque(_ tag: String) -> Substring.UTF8View {
        tag.utf8.starts(with: "W/".utf8) ? tag.utf8.dropFirst(2) : tag.utf8[...]
    }
}
