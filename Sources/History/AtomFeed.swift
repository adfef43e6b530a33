public import Bytes

/// A history as an Atom feed (RFC 4287).
public struct AtomFeed: Sendable {
    /// The owner of the tags (RFC 4151), `tag:AUTHORITY,DATE:`. It is the same for all tags of one history.
    public struct TagAuthority: Equatable, Sendable {
        /// A domain name or an e-mail address of the operator of this Larder.
        public let name: String
        /// A day on which the operator owned the name.
        public let date: String

        /// Nil if the name is neither a domain name nor an address of one, as RFC 4151 section 2.1 spells them. `since` is
        /// in seconds since 1970: the beginning of the history.
        public init?(name: String, since: Int64) {
            let parts = name.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
            guard parts.count <= 2, let domain = parts.last, Self.isDomain(domain) else { return nil }
            if parts.count == 2, !Self.isLocalPart(parts[0]) { return nil }
            self.name = name
            date = Instant(seconds: since).day
        }

        private static func isDomain(_ text: Substring.UTF8View) -> Bool {
            text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { label in
                guard let first = label.first, let last = label.last else { return false }
                return isAlphanumeric(first) && isAlphanumeric(last)
                    && label.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
            }
        }

        private static func isLocalPart(_ text: Substring.UTF8View) -> Bool {
            !text.isEmpty
                && text.allSatisfy { byte in
                    isAlphanumeric(byte) || "-._".utf8.contains(byte)
                }
        }

        private static func isAlphanumeric(_ byte: UInt8) -> Bool {
            byte &- UInt8(ascii: "0") < 10 || asciiLowercased(byte) &- UInt8(ascii: "a") < 26
        }
    }

    /// The owner of the tags.
    public let authority: TagAuthority

    /// The name of the history within the authority: letters, digits and dashes, such as a hash of the upstream URL.
    public let history: String

    /// The address of the feed itself.
    public let link: String

    /// The title of the feed.
    public let title: String

    /// A feed of a history.
    public init(authority: TagAuthority, history: String, link: String, title: String) {
        self.authority = authority
        self.history = history
        self.link = link
        self.title = title
    }

    /// The document, of events in their order; the feed has the newest first. `updated` is when the latest catalogue
    /// was fetched, in seconds since 1970; it counts only if there is no event.
    public func render(_ events: [Event], updated: Int64) -> SharedBytes {
        var out = XMLBuilder()
        out.raw("<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n")
        out.element("id", tag(""))
        out.element("title", title)
        out.element("updated", Instant(seconds: events.last?.at ?? updated).text)
        out.raw("  <link rel=\"self\" type=\"application/atom+xml\" href=\"")
        out.escaped(link)
        out.raw("\"/>\n  <author><name>Larder</name></author>\n  <generator>Larder</generator>\n")
        for event in events.reversed() { append(event, to: &out) }
        out.raw("</feed>\n")
        return out.finish()
    }

    /// The tag of an event. It never changes.
    public func tag(of event: Event) -> String { tag("/\(event.cursor)") }

    private func tag(_ rest: String) -> String { "tag:\(authority.name),\(authority.date):larder/\(history)\(rest)" }

    private func append(_ event: Event, to out: inout XMLBuilder) {
        out.raw("  <entry>\n  ")
        out.element("id", tag(of: event))
        out.raw("  ")
        out.element("title", event.summary)
        out.raw("  ")
        out.element("updated", Instant(seconds: event.at).text)
        out.raw("    <category term=\"")
        out.escaped(event.kind.rawValue)
        out.raw("\"/>\n    <content type=\"text\">")
        out.escaped("before: \(Self.text(event.change.before))\nafter: \(Self.text(event.change.after))")
        out.raw("</content>\n  </entry>\n")
    }

    private static func text(_ part: [UInt8]?) -> String { part.map { $0.span.text() } ?? "nothing" }
}

/// Writes XML 1.0.
private struct XMLBuilder: ~Copyable {
    private var bytes = ByteBuilder(capacity: 4096)

    mutating func raw(_ text: StaticString) { bytes.append(text) }

    mutating func element(_ name: StaticString, _ text: String) {
        raw("  <")
        raw(name)
        raw(">")
        escaped(text)
        raw("</")
        raw(name)
        raw(">\n")
    }

    /// Text or the value of an attribute. Characters that XML cannot hold, such as most control characters, become U+FFFD.
    mutating func escaped(_ text: String) {
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": raw("&amp;")
            case "<": raw("&lt;")
            case ">": raw("&gt;")
            case "\"": raw("&quot;")
            case "'": raw("&#39;")
            // A reader would turn it into a line feed.
            case "\r": raw("&#13;")
            case "\t", "\n": bytes.append(UInt8(scalar.value))
            case "\u{0}"..<"\u{20}", "\u{FFFE}", "\u{FFFF}": raw("\u{FFFD}")
            default: bytes.append(utf8: String(scalar))
            }
        }
    }

    consuming func finish() -> SharedBytes { bytes.finish() }
}
