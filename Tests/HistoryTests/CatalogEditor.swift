import Catalog
import HistoryReference
import TestSupport

/// A small catalogue that is edited at random, as upstream might.
struct CatalogEditor {
    private(set) var rows: [PlainValue] = []
    private var random: SeededGenerator
    private var nextNumber = 0

    init(seed: UInt64, count: Int = 12) {
        random = SeededGenerator(seed: seed)
        for _ in 0..<count { rows.append(newRow()) }
    }

    /// A snapshot of rows, written with the members in any order and white space anywhere.
    static func snapshot(_ rows: [PlainValue], _ random: inout SeededGenerator) throws -> Snapshot {
        var texts: [(id: String, row: String)] = []
        for row in rows { texts.append((row["id"].text ?? "", row.shuffledJSON(&random))) }
        return .make(texts)
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &random)]
    }

    private mutating func newRow() -> PlainValue {
        nextNumber += 1
        return .object([
            "id": .string("author\(nextNumber % 3)/model-\(nextNumber)"),
            "canonical_slug": .string("slug-\(nextNumber)"),
            "name": .string("Model \(nextNumber)"), "created": .number("\(1_700_000_000 + nextNumber)"),
            "context_length": .number("128000"),
            "architecture": .object([
                "modality": .string("text->text"), "input_modalities": .array([.string("text")]),
                "output_modalities": .array([.string("text")]), "tokenizer": .string("GPT"),
            ]),
            "pricing": .object(["prompt": .string("0.0000025"), "completion": .string("0.00001")]),
            "top_provider": .object(["context_length": .number("128000"), "is_moderated": .bool(false)]),
            "supported_parameters": .array([.string("tools"), .string("seed")]),
            "expiration_date": .null,
            "links": .object(["details": .string("/api/v1/models/slug-\(nextNumber)/endpoints")]),
            "benchmarks": .object(["design_arena": .array([.object(["elo": .number("1200")])])]),
        ])
    }

    /// One to four edits.
    mutating func edit() {
        for _ in 0..<Int.random(in: 1...4, using: &random) {
            switch Int.random(in: 0..<10, using: &random) {
            case 0: rows.insert(newRow(), at: pick([0, rows.count]))
            case 1: if rows.count > 3 { rows.remove(at: Int.random(in: 0..<rows.count, using: &random)) }
            case 2: rows.shuffle(using: &random)
            case 3: rows.append(pick(rows))
            default: change(Int.random(in: 0..<rows.count, using: &random))
            }
        }
    }

    /// Half of the rows get lost, as when upstream answers with a part of its list.
    mutating func lose() -> [PlainValue] {
        rows.shuffle(using: &random)
        let lost = Array(rows.suffix(rows.count / 2))
        rows.removeLast(lost.count)
        return lost
    }

    /// Rows are back.
    mutating func restore(_ lost: [PlainValue]) { rows += lost }

    private mutating func change(_ index: Int) {
        guard var row = rows[index].members else { return }
        let path = pick([
            "name", "canonical_slug", "context_length", "pricing", "pricing.prompt", "pricing.completion",
            "pricing.web_search", "pricing.overrides", "architecture", "architecture.modality",
            "architecture.input_modalities", "architecture.output_modalities", "architecture.tokenizer", "top_provider",
            "top_provider.context_length", "top_provider.max_completion_tokens", "top_provider.is_moderated",
            "supported_parameters", "expiration_date", "alias_target", "links", "benchmarks", "benchmarks.design_arena",
            "benchmarks.artificial_analysis", "reasoning", "reasoning.effort", "created", "description",
        ])
        let parts = path.split(separator: ".").map(String.init)
        let value = newValue(parts)
        if parts.count == 1 {
            row[parts[0]] = value
        } else {
            var inner = row[parts[0]]?.members ?? [:]
            inner[parts[1]] = value
            row[parts[0]] = .object(inner)
        }
        rows[index] = .object(row)
    }

    /// Nil takes the member away.
    private mutating func newValue(_ path: [String]) -> PlainValue? {
        let names = ["tools", "seed", "stop", "top_p", "text", "image", "file"]
        let list = PlainValue.array((0..<Int.random(in: 0...4, using: &random)).map { _ in .string(pick(names)) })
        let price = PlainValue.string(
            pick(["0", "0.0", "0.0000025", "2.5e-6", "0.00000250", "0.00001", "-1", "free", ""]))
        switch path.last ?? "" {
        case "pricing", "architecture", "top_provider", "benchmarks", "links":
            return pick([
                nil, .null, .string("text"), .object([:]), .object(["prompt": price, "modality": .string("x")]),
            ])
        case "prompt", "completion", "web_search": return pick([nil, .null, price, price, price, .number("0.0000025")])
        case "overrides":
            return pick([
                nil, .array([.object(["utc_start": .number(pick(["100", "1e2", "200"])), "prompt": price])]),
            ])
        case "context_length", "max_completion_tokens":
            return pick([nil, .null, .number("128000"), .number("128000.0"), .number("1.28e5"), .number("64000")])
        case "supported_parameters", "input_modalities", "output_modalities":
            return pick([nil, .null, list, list, list])
        case "alias_target":
            return pick([
                nil, .null, .object(["slug": .string(pick(["a", "b"])), "name": .string(pick(["A", "B"]))]),
            ])
        case "design_arena":
            return .array([.object(["elo": .number("\(Int.random(in: 1000...1400, using: &random))")])])
        case "artificial_analysis": return pick([nil, .object(["coding_index": .number(pick(["1", "1.0", "2"]))])])
        case "reasoning":
            return pick([nil, .null, .bool(true), .object(["effort": .string("low"), "on": .bool(true)])])
        default: return pick([nil, .null, .string("x"), .string("y \u{1F600} \"quoted\"\n"), .number("7")])
        }
    }
}
