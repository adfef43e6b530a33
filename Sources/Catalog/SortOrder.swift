import Bytes

/// The orders that a list can be given in without asking upstream.
public enum SortOrder: Int, CaseIterable, Sendable {
    /// The latest `created` first.
    case newest
    /// The largest context first.
    case contextHighToLow
    /// The lowest average of prompt and completion price first.
    case pricingLowToHigh
    /// The highest average of prompt and completion price first.
    case pricingHighToLow
    /// The highest index of intelligence first.
    case intelligenceHighToLow
    /// The highest index of coding first.
    case codingHighToLow
    /// The highest agentic index first.
    case agenticHighToLow
    /// The highest rating in the Design Arena first.
    case designArenaEloHighToLow

    /// How a query spells it.
    public var name: StaticString {
        switch self {
        case .newest: "newest"
        case .contextHighToLow: "context-high-to-low"
        case .pricingLowToHigh: "pricing-low-to-high"
        case .pricingHighToLow: "pricing-high-to-low"
        case .intelligenceHighToLow: "intelligence-high-to-low"
        case .codingHighToLow: "coding-high-to-low"
        case .agenticHighToLow: "agentic-high-to-low"
        case .designArenaEloHighToLow: "design-arena-elo-high-to-low"
        }
    }

    /// The order of that name, or nil.
    init?(_ name: Span<UInt8>) {
        for order in Self.allCases where name.equals(order.name) {
            self = order
            return
        }
        return nil
    }

    /// The numbers of all rows in this order: stable, rows without a value last. `key` returns a row's sort key.
    func ranking(_ rows: some Sequence<Int32>, by key: (Int32) -> Int128?) -> [Int32] {
        var valued: [(row: Int32, key: Int128)] = []
        var others: [Int32] = []
        for row in rows {
            if let key = key(row) { valued.append((row, key)) } else { others.append(row) }
        }
        // The standard library's sort is stable, but does not promise to be.
        let ranked = valued.indices.sorted { left, right in
            valued[left].key == valued[right].key ? left < right : valued[left].key > valued[right].key
        }
        return ranked.map { valued[$0].row } + others
    }
}

extension Columns {
    /// The sort key of a row in an order, the greatest first; nil for a row without a value.
    func key(_ row: Int, in order: SortOrder) -> Int128? {
        switch order {
        case .newest: created[row].map { Int128($0) }
        case .contextHighToLow: contextLength[row]
        case .pricingLowToHigh: priceSum(row).map { -$0 }
        case .pricingHighToLow: priceSum(row)
        case .intelligenceHighToLow: benchmarks.intelligence[row]?.units
        case .codingHighToLow: benchmarks.coding[row]?.units
        case .agenticHighToLow: benchmarks.agentic[row]?.units
        case .designArenaEloHighToLow: designArenaElo[row]?.units
        }
    }

    /// Twice the average, which gives the same order. A row with an unknown price has no average.
    private func priceSum(_ row: Int) -> Int128? {
        guard let prompt = prices.prompt[row], let completion = prices.completion[row] else { return nil }
        return prompt.units + completion.units
    }
}
