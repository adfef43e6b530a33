import Foundation

/// An upstream written as plainly as can be: it has a catalogue, knows what only upstream knows, and answers whole queries.
///
/// What it knows is made up, but always the same. It also has two models that its catalogue does not list and some of its
/// other answers do.
public struct ReferenceOrigin: Sendable {
    private let catalogue: ReferenceCatalog
    /// The JSON of each model: the catalogue's, then the two others.
    private let rows: [String]
    private let listed: Int

    /// The answer to a query.
    public enum Answer: Equatable, Sendable {
        /// A body of status 200.
        case list(String)
        /// The refusal of a value, status 400.
        case refusal
    }

    /// The body of every refusal.
    public static let refusal = #"{"error":{"code":400,"message":"Invalid value"}}"#

    /// Two models for `hidden`, in the form of `{"data":[Model]}`.
    public static let hidden = Array(
        #"""
        {"data":[{"id":"hidden/one","name":"Hidden: One","created":1782900000,"context_length":128000,"architecture":
        {"input_modalities":["text"],"output_modalities":["text"],"tokenizer":"GPT"},"pricing":{"prompt":"0.000001",
        "completion":"0.000002"},"supported_parameters":["tools"]},
        {"id":"hidden/two","architecture":{"output_modalities":["image","text"]}}]}
        """#.utf8)

    /// An upstream with these models, each the JSON that it is to write.
    public init(listed: [String], hidden: [String]) throws {
        self.listed = listed.count
        rows = listed + hidden
        catalogue = try ReferenceCatalog(json: Array("{\"data\":[\(rows.joined(separator: ","))]}".utf8))
    }

    /// The latest time at which a model was added.
    public var latest: Int { catalogue.latest }

    /// The catalogue, for making up queries.
    public var models: ReferenceCatalog { catalogue }

    /// What it answers to `/models?query`, as far as Larder may ask it: the whole catalogue, or one facet of all kinds.
    public func answer(asked query: String) -> Answer {
        let pairs = ReferenceCatalog.values(query).filter { $0 != ("output_modalities", "all") }
        guard pairs.count <= 1 else { return .refusal }
        guard let (name, value) = pairs.first else { return .list(list(Array(0..<listed))) }
        return facet(name, value).map { .list(list($0)) } ?? .refusal
    }

    /// What it answers to a whole query of a caller, to whom it shows a view or everything. `resource` is as in the link to
    /// the next page.
    public func answer(whole query: String, now: Int, resource: String, in view: ReferenceView? = nil) -> Answer {
        let values = ReferenceCatalog.values(query)
        var order = Array(rows.indices)
        var upstream: Set<String> = []
        var passing = Set(order)
        // A `sort` is looked at after a `category`, and so goes before it.
        for (name, value) in values.sorted(by: { $0.key < $1.key }) where Self.isUpstreams(name, value) {
            // It has no effect.
            if name == "_" { continue }
            if name == "providers", ReferenceCatalog.list(value).isEmpty { continue }
            guard let rows = facet(name, value) else { return .refusal }
            upstream.insert(name)
            passing.formIntersection(rows)
            if name == "sort" || name == "category" { order = rows }
        }
        if upstream.isEmpty { order.removeLast(rows.count - listed) }
        var rows = order.filter { passing.contains($0) }
        if let view {
            rows = catalogue.left(rows, by: view, of: values, isRanked: upstream.contains("category"), now: now)
        }
        let answer = catalogue.answer(
            query, now: now, resource: resource, among: rows, ignoring: upstream,
            anyKind: upstream.contains("output_modalities") || view?.isOfAnyKind(query) == true)
        if resource == "models/count" { return .list("{\"data\":{\"count\":\(answer.total)}}") }
        let prefix = view.map { "/view/\($0.name)" } ?? ""
        return .list(list(answer.rows, total: answer.total, next: answer.next.map { prefix + $0 }))
    }

    /// The facets that a query needs.
    public static func facets(of query: String) -> [String] {
        ReferenceCatalog.values(query).filter { isUpstreams($0.key, $0.value) }.map { name, value in
            let isSet = ["providers", "output_modalities", "input_modalities"].contains(name)
            return "\(name)=" + (isSet ? Set(ReferenceCatalog.list(value)).sorted().joined(separator: ",") : value)
        }
    }

    private static func isUpstreams(_ name: String, _ value: String) -> Bool {
        switch name {
        case "category", "providers", "distillable", "zdr", "region", "min_tool_success_rate", "max_tool_success_rate",
            "newly_added", "_":
            true
        case "sort":
            ["throughput-high-to-low", "latency-low-to-high", "most-popular", "top-weekly", "trending", "worst"]
                .contains(value)
        case "output_modalities", "input_modalities": value.contains("smell") || value.contains("nonsense")
        default: false
        }
    }

    // MARK: What only upstream knows

    /// The models that one value of one parameter stands for, in order; nil if it is refused.
    private func facet(_ name: String, _ value: String) -> [Int]? {
        let all = Array(rows.indices)
        let catalogue = Array(0..<listed)
        switch (name, value) {
        case ("category", "nonsense"), ("sort", "worst"), (_, "nonsense"): return nil
        case ("category", _):
            // A ranking, of which each category has another part.
            return all.sorted { draw($0, value) < draw($1, value) }.filter { draw($0, value) % 3 == 0 }
        case ("sort", _): return all.sorted { draw($0, value) < draw($1, value) }
        case ("providers", _):
            // Names that it does not know count for nothing, and if it knows none, so does the parameter.
            let known = ReferenceCatalog.list(value).filter { !$0.hasPrefix("no") }
            return known.isEmpty ? catalogue : catalogue.filter { row in known.contains { draw(row, $0) % 3 == 0 } }
        case ("distillable", _): return all.filter { (draw($0, name) % 2 == 0) == (value == "true") }
        case ("min_tool_success_rate", _): return all.filter { rate($0) >= Double(value) ?? 0 }
        case ("max_tool_success_rate", _): return all.filter { rate($0) <= Double(value) ?? 1 }
        case ("output_modalities", _):
            return catalogue.filter { row in
                ReferenceCatalog.list(value).contains { self.catalogue.models[row].outputs.contains($0) }
            }
        case ("input_modalities", _): return catalogue.filter { draw($0, value) % 4 == 0 }
        case ("_", _): return catalogue
        case ("region", "nowhere"): return []
        default: return all.filter { draw($0, name + value) % 4 != 0 }
        }
    }

    private func rate(_ row: Int) -> Double { Double(draw(row, "rate") % 21) / 20 }

    /// A number made up from the model's id.
    private func draw(_ row: Int, _ word: String) -> Int {
        (catalogue.models[row].id + word).utf8.reduce(7) { ($0 * 131 + Int($1)) % 1_000_003 }
    }

    private func list(_ places: [Int]) -> String { "{\"data\":[\(places.map { rows[$0] }.joined(separator: ","))]}" }

    private func list(_ places: [Int], total: Int, next: String?) -> String {
        let next = next.map { "\"\($0)\"" } ?? "null"
        return list(places).dropLast() + ",\"total_count\":\(total),\"links\":{\"next\":\(next)}}"
    }
}
