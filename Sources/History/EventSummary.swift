import Bytes
import Catalog

extension Event {
    /// The event in one line of plain words, such as `openai/gpt-5: prompt price 0.0000012 -> 0.000001`. Prices are
    /// upstream's, in dollars a token.
    public var summary: String {
        let words = EventWords(change)
        guard let id else { return words.text }
        return "\(id): \(words.text)"
    }
}

/// A change in plain words.
struct EventWords {
    private let before: ChangedMembers
    private let after: ChangedMembers
    private let kind: ChangeKind

    init(_ change: RowChange) {
        kind = change.kind
        before = ChangedMembers(change.before)
        after = ChangedMembers(change.after)
    }

    var text: String {
        switch kind {
        case .added: "added"
        case .removed: "removed"
        case .returned: "back in the catalogue"
        case .price: moves { Self.priceName($0) }
        case .context: moves { Self.limitName($0) }
        case .parameters, .modalities: lists
        case .expiration: expiration
        case .renamed: moves { $0 == "canonical_slug" ? "canonical slug" : $0 }
        case .alias: alias
        case .other: otherMembers
        case .shrunk: shrunk
        }
    }

    /// `NAME BEFORE -> AFTER` for each member that differs.
    private func moves(_ name: (String) -> String) -> String {
        let texts = before.paths(and: after).map { path in
            switch (before[path], after[path]) {
            case (let old?, let new?): "\(name(path)) \(old) -> \(new)"
            case (nil, let new?): "\(name(path)) is now \(new)"
            case (let old?, nil): "\(name(path)) \(old) is gone"
            case (nil, nil): name(path)
            }
        }
        return Self.joined(texts)
    }

    private static func priceName(_ path: String) -> String {
        path == "pricing" ? "prices" : words(path.dropPrefix("pricing.")) + " price"
    }

    private static func limitName(_ path: String) -> String {
        switch path {
        case "context_length": "context"
        case "top_provider.context_length": "top provider's context"
        case "top_provider.max_completion_tokens": "top provider's longest completion"
        default: words(path)
        }
    }

    private static func words(_ name: String) -> String { String(name.map { $0 == "_" ? " " : $0 }) }

    /// `NAME +a, -b` for each list that differs.
    private var lists: String {
        let texts = before.paths(and: after).map { path in
            let name = Self.words(path.dropPrefix("architecture.").dropPrefix("supported_"))
            let old = before.names(path)
            let new = after.names(path)
            guard let old, let new else {
                if let new { return "\(name) are now \(new.joined(separator: ", "))" }
                if let old { return "\(name) \(old.joined(separator: ", ")) are gone" }
                return "\(name) \(before[path] ?? "none") -> \(after[path] ?? "none")"
            }
            return "\(name) " + (new.map { "+\($0)" } + old.map { "-\($0)" }).joined(separator: ", ")
        }
        return Self.joined(texts)
    }

    private var expiration: String {
        switch (before["expiration_date"], after["expiration_date"]) {
        case (let old?, let new?): "removal moved from \(old) to \(new)"
        case (nil, let new?): "will be removed on \(new)"
        case (let old?, nil): "removal on \(old) cancelled"
        case (nil, nil): "expiration date"
        }
    }

    private var alias: String {
        switch (before["alias_target.slug"], after["alias_target.slug"]) {
        case (let old?, let new?): "alias of \(old) -> \(new)"
        case (nil, let new?): "now an alias of \(new)"
        case (let old?, nil): "no longer an alias of \(old)"
        case (nil, nil): "alias"
        }
    }

    private var otherMembers: String {
        let names = before.paths(and: after)
        return (names.isEmpty ? "a member" : names.joined(separator: ", ")) + " changed"
    }

    private var shrunk: String {
        let (old, new) = (before["count"] ?? "?", after["count"] ?? "?")
        return "the catalogue shrank from \(old) to \(new) models at once; the next catalogue says whether that is so"
    }

    private static func joined(_ texts: [String]) -> String {
        texts.isEmpty ? "changed" : texts.joined(separator: ", ")
    }
}

/// The members of `before` or `after`, those of an inner object as `outer.inner`.
private struct ChangedMembers {
    private let bytes: [UInt8]
    private var ranges: [String: Range<Int>] = [:]
    private var order: [String] = []

    init(_ part: [UInt8]?) {
        let part = part ?? []
        bytes = part
        let text = part.span
        for member in JSONScanner.members(text, in: JSONScanner.value(of: text)) {
            let name = JSONScanner.decoded(text.extracting(member.name))
            let inner = JSONScanner.members(text, in: member.value)
            if inner.isEmpty { add(name, member.value) }
            for entry in inner {
                add("\(name).\(JSONScanner.decoded(text.extracting(entry.name)))", entry.value)
            }
        }
    }

    private mutating func add(_ path: String, _ range: Range<Int>) {
        ranges[path] = range
        order.append(path)
    }

    /// The paths of both sides, each once.
    func paths(and other: ChangedMembers) -> [String] { order + other.order.filter { ranges[$0] == nil } }

    /// A value as text: a string without its quotes, anything else as it is written. Nil if it is missing or null.
    subscript(path: String) -> String? {
        guard let range = ranges[path] else { return nil }
        let text = bytes.span
        if JSONScanner.isNull(text, in: range) { return nil }
        return JSONScanner.string(text, in: range) ?? text.extracting(range).text()
    }

    /// The texts of an array, or nil if there is none.
    func names(_ path: String) -> [String]? {
        guard let range = ranges[path] else { return nil }
        let text = bytes.span
        guard !range.isEmpty, text[range.lowerBound] == UInt8(ascii: "[") else { return nil }
        return JSONScanner.elements(text, in: range).map {
            JSONScanner.string(text, in: $0) ?? text.extracting($0).text()
        }
    }
}

extension String {
    fileprivate func dropPrefix(_ prefix: String) -> String {
        hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self
    }
}

/// The members of a row that describe a model when it is added or removed: of those `name`, `canonical_slug`,
/// `alias_target`, `context_length`, `pricing` and `expiration_date` that it has, in the row's own order and bytes.
enum RowSummary {
    private static let names: [StaticString] = [
        "name", "canonical_slug", "alias_target", "context_length", "pricing", "expiration_date",
    ]

    /// The summary of a row, a JSON object.
    static func of(_ row: Span<UInt8>) -> [UInt8] {
        var out = ByteBuilder(capacity: 256)
        out.append(UInt8(ascii: "{"))
        for member in JSONScanner.members(row, in: JSONScanner.value(of: row)) {
            let name = row.extracting(member.name)
            guard isSummarized(name), !JSONScanner.isNull(row, in: member.value) else { continue }
            if out.count > 1 { out.append(UInt8(ascii: ",")) }
            out.append(UInt8(ascii: "\""))
            out.append(name)
            out.append("\":")
            out.append(row.extracting(member.value))
        }
        out.append(UInt8(ascii: "}"))
        return out.span.copied()
    }

    private static func isSummarized(_ name: Span<UInt8>) -> Bool {
        for known in names where name.equals(known) { return true }
        return false
    }
}
