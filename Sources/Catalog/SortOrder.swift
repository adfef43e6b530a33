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

    /// What a row is ranked by, the greatest first; nil for a row without a value.
    func key(_ row: ModelFields) -> Int128? {
        switch self {
        case .newest: row.created.map { Int128($0) }
        case .contextHighToLow: Int128(row.contextLength)
        case .pricingLowToHigh: Self.priceSum(row).map { -$0 }
        case .pricingHighToLow: Self.priceSum(row)
        case .intelligenceHighToLow: row.intelligenceIndex?.units
        case .codingHighToLow: row.codingIndex?.units
        case .agenticHighToLow: row.agenticIndex?.units
        case .designArenaEloHighToLow: row.designArenaElo?.units
        }
    }

    /// Twice the average, which ranks alike. A row of which one price is unknown has no average.
    private static func priceSum(_ row: ModelFields) -> Int128? {
        guard let prompt = row.promptPrice, let completion = row.completionPrice else { return nil }
        return prompt.units + completion.units
    }

    /// The numbers of the rows in this order: stable, those without a value last.
    func ranking(_ rows: [ModelFields]) -> [Int32] {
        let keys = rows.map { key($0) }
        let valued = keys.indices.filter { keys[$0] != nil }.sorted { left, right in
            guard let a = keys[left], let b = keys[right], a != b else { return left < right }
            return a > b
        }
        return (valued + keys.indices.filter { keys[$0] == nil }).map { Int32($0) }
    }
}
