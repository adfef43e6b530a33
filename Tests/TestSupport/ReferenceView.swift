import Foundation

/// A view as the reference implementation sees it.
public struct ReferenceView: Sendable {
    /// Its name, as in paths.
    public let name: String
    /// The conditions, well formed, without a page.
    public let query: String
    /// Patterns of ids of which one must match; none for all ids.
    public let allow: [String]
    /// Patterns of ids of which none may match.
    public let deny: [String]
    /// The ids of the models that come first.
    public let pins: [String]
    private let allowed: [[Character]]
    private let denied: [[Character]]

    /// A view with these parts.
    public init(name: String, query: String = "", allow: [String] = [], deny: [String] = [], pins: [String] = []) {
        self.name = name
        self.query = query
        self.allow = allow
        self.deny = deny
        self.pins = pins
        allowed = allow.map { Array($0) }
        denied = deny.map { Array($0) }
    }

    /// Whether a query below it is for models of any kind: the view says what they make, and the query does not.
    func isOfAnyKind(_ query: String) -> Bool {
        let asked = ReferenceCatalog.values(query)["output_modalities"] ?? ""
        let own = ReferenceCatalog.values(self.query)["output_modalities"] ?? ""
        return ReferenceCatalog.list(asked).isEmpty && !ReferenceCatalog.list(own).isEmpty
    }

    func allows(_ id: [Character]) -> Bool {
        if denied.contains(where: { Self.matches($0, 0, id, 0) }) { return false }
        return allowed.isEmpty || allowed.contains { Self.matches($0, 0, id, 0) }
    }

    /// Whether a pattern matches: tries every length of text for each star.
    static func matches(_ pattern: [Character], _ place: Int, _ text: [Character], _ position: Int) -> Bool {
        guard place < pattern.count else { return position == text.count }
        let sign = pattern[place]
        if sign == "*" { return (position...text.count).contains { matches(pattern, place + 1, text, $0) } }
        guard position < text.count, sign == "?" || sign == text[position] else { return false }
        return matches(pattern, place + 1, text, position + 1)
    }
}

/// Makes up views: a query, patterns and pinned models, each of which some views lack.
public struct ViewGenerator {
    private let models: [ReferenceModel]
    private var queries: QueryGenerator
    private var random: SeededGenerator
    private var number = 0

    /// Views of a catalogue at a time; the same seed gives the same views.
    public init(_ catalogue: ReferenceCatalog, now: Int, seed: UInt64) {
        models = catalogue.models
        queries = QueryGenerator(catalogue, now: now, seed: seed)
        random = SeededGenerator(seed: seed &+ 1)
    }

    /// The next view.
    public mutating func next() -> ReferenceView {
        number += 1
        let pairs = usually(3) ? queries.next().components(separatedBy: "&") : []
        let kept = pairs.filter { pair in !["limit", "offset"].contains { ReferenceCatalog.values(pair)[$0] != nil } }
        let allow = usually(3) ? patterns(upTo: 3) : []
        let deny = usually(3) ? patterns(upTo: 2) : []
        let open = ReferenceView(name: "", allow: allow, deny: deny)
        let pins =
            usually(2) ? models.shuffled(using: &random).prefix(4).filter { open.allows($0.letters) }.map(\.id) : []
        return ReferenceView(
            name: "view-\(number)", query: kept.joined(separator: "&"), allow: allow, deny: deny,
            pins: pins.enumerated().filter { !pins[..<$0.offset].contains($0.element) }.map(\.element))
    }

    private mutating func patterns(upTo most: Int) -> [String] {
        let chosen = models.shuffled(using: &random).prefix(Int.random(in: 1...most, using: &random))
        return chosen.map { model in
            let author = model.id.components(separatedBy: "/")[0]
            return switch Int.random(in: 0...4, using: &random) {
            case 0: model.id
            case 1: "*" + model.id.suffix(3)
            case 2: author.prefix(2) + "*/*" + model.id.suffix(1)
            case 3: "?" + model.id.dropFirst()
            default: author + "/*"
            }
        }
    }

    private mutating func usually(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) != 0 }
}
