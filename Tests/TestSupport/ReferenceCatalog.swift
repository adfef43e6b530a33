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
        let parsed = Conditions(conditions, now: now)
        var rows = places.filter { view.allows(models[$0].letters) && parsed.hold(for: models[$0]) }
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
        let conditions = Conditions(values, now: now)
        var rows = places.filter { conditions.hold(for: models[$0]) }
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

    /// The better value first; rows of one value keep their order, and those without one come last in it.
    private func sorted(_ rows: [Int], by sort: String) -> [Int] {
        let values = rows.map { value(models[$0], sort) }
        let places = rows.indices.filter { values[$0] != nil }.sorted { left, right in
            guard let one = values[left], let other = values[right] else { return false }
            if one == other { return left < right }
            return sort == "pricing-low-to-high" ? one < other : other < one
        }
        return places.map { rows[$0] } + rows.indices.filter { values[$0] == nil }.map { rows[$0] }
    }

    private func value(_ model: ReferenceModel, _ sort: String) -> PlainDecimal? {
        switch sort {
        case "newest": model.createdValue
        case "context-high-to-low": model.contextValue
        case "pricing-low-to-high", "pricing-high-to-low": model.averagePrice
        case "intelligence-high-to-low": model.intelligence
        case "coding-high-to-low": model.coding
        case "agentic-high-to-low": model.agentic
        case "design-arena-elo-high-to-low": model.elo
        default: fatalError("an order that only upstream knows: \(sort)")
        }
    }
}
