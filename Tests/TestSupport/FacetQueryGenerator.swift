/// Makes up queries over all parameters: those that can be answered from a catalogue, and those that only upstream knows.
public struct FacetQueryGenerator {
    private var local: QueryGenerator
    private var random: SeededGenerator

    /// Queries to an upstream at a time; the same seed gives the same queries.
    public init(_ origin: ReferenceOrigin, now: Int, seed: UInt64) {
        local = QueryGenerator(origin.models, now: now, seed: seed)
        random = SeededGenerator(seed: seed &+ 1)
    }

    /// The values that are drawn from. Each is one facet; providers are combined.
    private static let values: [(name: String, values: [String])] = [
        ("category", ["programming", "marketing/seo", "legal"]),
        ("distillable", ["true", "false"]),
        ("zdr", ["true"]),
        ("region", ["eu", "us", "nowhere"]),
        ("min_tool_success_rate", ["0", "0.5", "0.75", "0.5"]),
        ("max_tool_success_rate", ["1", "0.9", "0.50"]),
        ("sort", ["throughput-high-to-low", "latency-low-to-high", "most-popular", "top-weekly", "trending"]),
        ("output_modalities", ["smell", "text,smell"]),
        ("input_modalities", ["smell"]),
        ("newly_added", ["yes"]),
        ("_", ["1", "2"]),
    ]
    private static let providers = ["OpenAI", "Azure", "Google AI", "deep/infra", "Är&ö", "nobody", "none"]
    private static let refused = ["category=nonsense", "sort=worst", "output_modalities=nonsense"]

    /// The next query, without the question mark.
    public mutating func next() -> String {
        var pairs = [local.next()]
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            guard let (name, values) = Self.values.randomElement(using: &random) else { continue }
            pairs.append("\(name)=\(values.randomElement(using: &random) ?? "")")
        }
        if Int.random(in: 0..<3, using: &random) == 0 { pairs.append("providers=" + providers()) }
        if Int.random(in: 0..<20, using: &random) == 0 {
            pairs.append(Self.refused.randomElement(using: &random) ?? "")
        }
        return pairs.shuffled(using: &random).joined(separator: "&")
    }

    private mutating func providers() -> String {
        let names = Self.providers.shuffled(using: &random).prefix(Int.random(in: 1...3, using: &random))
        return names.map { name in
            name.utf8.map { byte -> String in
                switch byte {
                case UInt8(ascii: " "): "+"
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
                    String(Unicode.Scalar(byte))
                default: "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }
            }.joined()
        }.joined(separator: [",", ",+", "%2C"].randomElement(using: &random) ?? ",")
    }
}
