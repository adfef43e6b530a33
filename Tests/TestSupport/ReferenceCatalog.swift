import Foundation

/// A second implementation of the queries over a catalogue, written as plainly as can be and sharing no code with the
/// first: what both agree on over thousands of random queries is likely right.
///
/// It takes queries that are well formed and can be answered without upstream.
public struct ReferenceCatalog: Sendable {
    let models: [ReferenceModel]

    /// What a query gives.
    public struct Answer: Equatable {
        /// The places in `data` of the models of the page, in order.
        public let rows: [Int]
        /// How many models match in all.
        public let total: Int
        /// The link to the next page.
        public let next: String?
    }

    /// Reads `{"data":[Model]}`.
    public init(json: [UInt8]) throws {
        let root = try JSONSerialization.jsonObject(with: Data(json)) as? [String: Any]
        models = (root?["data"] as? [[String: Any]] ?? []).map { ReferenceModel($0) }
    }

    /// The latest time at which a model was added.
    public var latest: Int { models.compactMap(\.created).max() ?? 0 }

    /// The answer to a query at a time, in seconds since 1970.
    public func answer(_ query: String, now: Int, resource: String = "models") -> Answer {
        answer(query, now: now, resource: resource, among: Array(models.indices), ignoring: [], anyKind: false)
    }

    /// The same below a view: the caller's query over the models that the view leaves.
    public func answer(_ query: String, now: Int, resource: String = "models", in view: ReferenceView) -> Answer {
        let rows = left(Array(models.indices), by: view, of: Self.values(query), isRanked: false, now: now)
        let answer = answer(
            query, now: now, resource: resource, among: rows, ignoring: [], anyKind: view.isOfAnyKind(query))
        return Answer(rows: answer.rows, total: answer.total, next: answer.next.map { "/view/\(view.name)" + $0 })
    }

    /// Those of the models that a view leaves, in its order for a query with these values. `isRanked` tells that the query
    /// has given them an order without a `sort`.
    func left(
        _ places: [Int], by view: ReferenceView, of values: [String: String], isRanked: Bool, now: Int
    ) -> [Int] {
        let own = Self.values(view.query)
        var conditions = own
        conditions["sort"] = nil
        if Self.list(own["output_modalities"] ?? "").isEmpty { conditions["output_modalities"] = "all" }
        var rows = places.filter { view.allows(models[$0].id) && passes(models[$0], conditions, now: now) }
        guard values["sort"] == nil else { return rows }
        if let sort = own["sort"], !isRanked { rows = sorted(rows, by: sort) }
        let pinned = view.pins.flatMap { pin in rows.filter { models[$0].id == pin } }
        return pinned + rows.filter { !view.pins.contains(models[$0].id) }
    }

    /// The same of the models at these places, in their order, by all parameters but those that someone else has decided
    /// about. `anyKind` tells that the kind of output is among them.
    func answer(
        _ query: String, now: Int, resource: String, among places: [Int], ignoring names: Set<String>, anyKind: Bool
    ) -> Answer {
        var values = Self.values(query).filter { !names.contains($0.key) }
        if anyKind { values["output_modalities"] = "all" }
        var rows = places.filter { passes(models[$0], values, now: now) }
        if let sort = values["sort"] { rows = sorted(rows, by: sort) }
        let total = rows.count
        guard values["offset"] != nil || values["limit"] != nil else {
            return Answer(rows: rows, total: total, next: nil)
        }
        let offset = values["offset"].flatMap { Int($0) } ?? 0
        let limit = values["limit"].flatMap { Int($0) } ?? 500
        let page = Array(rows.dropFirst(offset).prefix(limit))
        guard offset + page.count < total else { return Answer(rows: page, total: total, next: nil) }
        let kept = query.components(separatedBy: "&").filter { !$0.isEmpty && Self.decoded($0).name != "offset" }
        let pairs = kept + ["offset=\(offset + page.count)"]
        return Answer(rows: page, total: total, next: "/api/v1/\(resource)?" + pairs.joined(separator: "&"))
    }

    static func values(_ query: String) -> [String: String] {
        var values: [String: String] = [:]
        for pair in query.components(separatedBy: "&") where !pair.isEmpty {
            let (name, value) = decoded(pair)
            values[name] = value.isEmpty ? nil : value
        }
        return values
    }

    private static func decoded(_ pair: String) -> (name: String, value: String) {
        var parts = pair.replacingOccurrences(of: "+", with: " ").components(separatedBy: "=")
        let name = parts.removeFirst().removingPercentEncoding ?? ""
        return (name, parts.joined(separator: "=").removingPercentEncoding ?? "")
    }

    static func list(_ value: String) -> [String] {
        value.components(separatedBy: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }

    private func passes(_ model: ReferenceModel, _ values: [String: String], now: Int) -> Bool {
        let outputs = Self.list((values["output_modalities"] ?? "").lowercased())
        if !outputs.contains("all") {
            let wanted = outputs.isEmpty ? ["text"] : outputs
            if !wanted.contains(where: { model.outputs.contains($0) }) { return false }
        }
        for input in Self.list((values["input_modalities"] ?? "").lowercased()) where !model.inputs.contains(input) {
            return false
        }
        for name in Self.list(values["supported_parameters"] ?? "") where !model.parameters.contains(name) {
            return false
        }
        if let text = values["q"], !Self.found(text, in: model) { return false }
        if let arch = values["arch"]?.lowercased() {
            guard model.tokenizer.hasPrefix(arch) else { return false }
            if !model.tokenizer.dropFirst(arch.count).allSatisfy({ "0123456789".contains($0) }) { return false }
        }
        let authors = Self.list((values["model_authors"] ?? "").lowercased())
        if !authors.isEmpty && !authors.contains(model.author) { return false }
        return passesFigures(model, values, now: now)
    }

    private static func found(_ text: String, in model: ReferenceModel) -> Bool {
        let wanted = Array(text.lowercased().unicodeScalars)
        return [model.name, model.id, model.slug].contains { field in
            let scalars = Array(field.lowercased().unicodeScalars)
            guard scalars.count >= wanted.count else { return false }
            return (0...scalars.count - wanted.count).contains { start in
                Array(scalars[start..<start + wanted.count]) == wanted
            }
        }
    }

    private func passesFigures(_ model: ReferenceModel, _ values: [String: String], now: Int) -> Bool {
        if let context = values["context"].flatMap({ Int($0) }), model.context ?? 0 < context { return false }
        let figures: [(PlainDecimal?, String, String)] = [
            (model.prompt?.movingPoint(by: 6), "min_price", "max_price"),
            (model.completion?.movingPoint(by: 6), "min_output_price", "max_output_price"),
            (model.intelligence, "min_intelligence_index", "max_intelligence_index"),
            (model.coding, "min_coding_index", "max_coding_index"),
            (model.agentic, "min_agentic_index", "max_agentic_index"),
            // Days become seconds; no precision is lost where the bounds are whole days.
            (model.created.flatMap { PlainDecimal(String(now - $0)) }, "min_age_days", "max_age_days"),
        ]
        for (value, lower, upper) in figures {
            let scale = lower == "min_age_days" ? 86_400 : 1
            if let least = values[lower].flatMap({ Self.bound($0, scale) }) {
                guard let value, value >= least else { return false }
            }
            if let greatest = values[upper].flatMap({ Self.bound($0, scale) }) {
                guard let value, value <= greatest else { return false }
            }
        }
        return true
    }

    private static func bound(_ text: String, _ scale: Int) -> PlainDecimal? {
        scale == 1 ? PlainDecimal(text) : Int(text).flatMap { PlainDecimal(String($0 * scale)) }
    }

    /// Insertion sort: a row goes behind all that are not worse than it.
    private func sorted(_ rows: [Int], by sort: String) -> [Int] {
        var result: [(row: Int, value: PlainDecimal)] = []
        for row in rows {
            guard let value = value(models[row], sort) else { continue }
            let place = result.firstIndex { sort == "pricing-low-to-high" ? value < $0.value : value > $0.value }
            result.insert((row, value), at: place ?? result.count)
        }
        return result.map(\.row) + rows.filter { value(models[$0], sort) == nil }
    }

    private func value(_ model: ReferenceModel, _ sort: String) -> PlainDecimal? {
        switch sort {
        case "newest": model.created.flatMap { PlainDecimal(String($0)) }
        case "context-high-to-low": model.context.flatMap { PlainDecimal(String($0)) }
        case "pricing-low-to-high", "pricing-high-to-low": model.averagePrice
        case "intelligence-high-to-low": model.intelligence
        case "coding-high-to-low": model.coding
        case "agentic-high-to-low": model.agentic
        case "design-arena-elo-high-to-low": model.elo
        default: fatalError("an order that only upstream knows: \(sort)")
        }
    }
}
