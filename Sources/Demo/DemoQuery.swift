import Bytes
import HTTPCore

/// The query of a request to the built-in upstream: of a repeated parameter the last one, none that is empty.
struct DemoQuery {
    private var values: [String: String] = [:]

    init(_ text: String) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? PercentText.decoded(String(parts[1]), plusIsSpace: true) : ""
            values[PercentText.decoded(String(parts[0]), plusIsSpace: true)] = value.isEmpty ? nil : value
        }
    }

    /// A parameter's value.
    subscript(name: String) -> String? { values[name] }

    /// A parameter's value as the items of a comma list, in lower case.
    func list(_ name: String) -> [String]? {
        values[name].map { $0.lowercased().split(separator: ",").map(String.init) }
    }
}

/// Percent-encoding (RFC 3986, section 2.1).
package enum PercentText {
    /// The decoded text.
    package static func decoded(_ text: String, plusIsSpace: Bool = false) -> String {
        let bytes = text.utf8.map { plusIsSpace && $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        let decoded = PercentEncoding.decoded(bytes.span)
        return decoded.span.text()
    }
}

/// One model of the built-in catalogue: the object as upstream would write it, and what the built-in upstream looks at.
package struct DemoModel: Sendable {
    /// The whole object.
    package let json: String

    /// The name by which it is asked for.
    package let id: String

    /// The name that does not change when `id` comes to mean a newer model.
    package let canonicalSlug: String

    package init(json: String) {
        self.json = json
        id = Self.text(after: "\"id\":\"", in: json)
        canonicalSlug = Self.text(after: "\"canonical_slug\":\"", in: json)
    }

    /// The part of the identifier before the slash, without the mark of an alias.
    package var author: Substring { id.drop { $0 == "~" }.prefix { $0 != "/" } }

    /// Whether the weights are open, which is so if the object names a place to fetch them.
    package var isOpen: Bool { !json.contains("\"hugging_face_id\":null") }

    /// The strings of an array anywhere in the object, by its key.
    package func list(_ key: String) -> [String] {
        let items = Self.text(after: "\"\(key)\":[", until: "]", in: json)
        return items.split(separator: ",").map { String($0.dropFirst().dropLast()) }
    }

    private static func text(after mark: String, until end: Character = "\"", in json: String) -> String {
        guard let range = json.firstRange(of: mark) else { return "" }
        return String(json[range.upperBound...].prefix { $0 != end })
    }
}

/// What only upstream knows of a model: who hosts it, how it ranks and how well it runs.
///
/// The ranks are shuffled by fixed steps: each order differs from the catalogue's and is the same at every call.
enum DemoFacets {
    private static let categories = [
        "programming", "roleplay", "marketing", "marketing/seo", "technology", "science", "translation", "legal",
        "finance", "health", "trivia", "academia",
    ]

    /// The authors whose models are hosted without the retention of data.
    private static let withoutRetention: Set<Substring> = [
        "anthropic", "google", "meta-llama", "mistralai", "nousresearch", "qwen",
    ]

    /// The authors whose models are hosted in Europe.
    private static let inEurope: Set<Substring> = ["anthropic", "google", "mistralai", "openai"]

    /// The steps of the orders by which models can be sorted.
    private static let orders = [
        "throughput-high-to-low": 5, "latency-low-to-high": 7, "most-popular": 11, "top-weekly": 13,
    ]

    /// The rows that pass what the query asks of upstream, in the order that it asks for.
    static func select(_ models: [DemoModel], by query: DemoQuery) -> [DemoModel] {
        var rows = models
        if let category = query["category"] { rows = ranked(rows, in: category) }
        if let names = query.list("providers") { rows = rows.filter { model in names.contains { hosts($0, model) } } }
        if query["zdr"] == "true" { rows = rows.filter { withoutRetention.contains($0.author) } }
        if let value = query["distillable"] { rows = rows.filter { $0.isOpen == (value == "true") } }
        if query["region"] == "eu" { rows = rows.filter { inEurope.contains($0.author) } }
        if let least = query["min_tool_success_rate"].flatMap(Double.init) {
            rows = rows.filter { toolSuccessRate($0).map { $0 >= least } ?? false }
        }
        if let most = query["max_tool_success_rate"].flatMap(Double.init) {
            rows = rows.filter { toolSuccessRate($0).map { $0 <= most } ?? false }
        }
        if let step = query["sort"].flatMap({ orders[$0] }) { rows = shuffled(rows, step: step) }
        return rows
    }

    /// The ten models that are used most for a purpose, of those that answer in text.
    private static func ranked(_ models: [DemoModel], in category: String) -> [DemoModel] {
        guard let index = categories.firstIndex(of: category) else { return [] }
        let candidates = models.filter { $0.list("output_modalities") == ["text"] && !$0.id.hasPrefix("~") }
        return Array(shuffled(candidates, step: 3 + 2 * index).prefix(10))
    }

    /// Whether a provider hosts a model: each hosts its own, and one hosts whatever is open.
    private static func hosts(_ provider: String, _ model: DemoModel) -> Bool {
        let name = provider.filter { $0.isLetter || $0.isNumber }
        if name == "deepinfra" { return model.isOpen }
        return !name.isEmpty && model.author.filter { $0.isLetter || $0.isNumber }.hasPrefix(name)
    }

    /// The share of requests with tools that end in a call, between 0.80 and 0.99.
    private static func toolSuccessRate(_ model: DemoModel) -> Double? {
        model.list("supported_parameters").contains("tools") ? 0.8 + Double(checksum(model, step: 7) % 20) / 100 : nil
    }

    private static func shuffled(_ models: [DemoModel], step: Int) -> [DemoModel] {
        models.map { ($0, checksum($0, step: step)) }.sorted { $0.1 < $1.1 }.map(\.0)
    }

    private static func checksum(_ model: DemoModel, step: Int) -> Int {
        model.id.utf8.reduce(step) { ($0 * 31 + Int($1) * step) % 9973 }
    }
}
