/// The parameters that can be answered from a snapshot.
enum LocalParameter: String, CaseIterable {
    case outputModalities = "output_modalities"
    case inputModalities = "input_modalities"
    case supportedParameters = "supported_parameters"
    case text = "q"
    case context
    case minPrice = "min_price"
    case maxPrice = "max_price"
    case minOutputPrice = "min_output_price"
    case maxOutputPrice = "max_output_price"
    case minAge = "min_age_days"
    case maxAge = "max_age_days"
    case minIntelligence = "min_intelligence_index"
    case maxIntelligence = "max_intelligence_index"
    case minCoding = "min_coding_index"
    case maxCoding = "max_coding_index"
    case minAgentic = "min_agentic_index"
    case maxAgentic = "max_agentic_index"
    case architecture = "arch"
    case authors = "model_authors"
    case sort
    case offset
    case limit
}

/// The parameters that only upstream can answer.
enum FacetParameter: String, CaseIterable {
    case category
    case providers
    case distillable
    case zdr
    case region
    case minToolSuccessRate = "min_tool_success_rate"
    case maxToolSuccessRate = "max_tool_success_rate"

    /// The orders that only upstream knows, values of `sort`.
    static let sorts: Set<String> = [
        "throughput-high-to-low", "latency-low-to-high", "most-popular", "top-weekly",
    ]
}

/// The parameters with which the list comes as something else than JSON: upstream's feed.
enum FeedParameter: String {
    case isFeed = "use_rss"
}

/// What a query can name, for those who write queries rather than read them.
public enum KnownParameters {
    /// The names of all parameters of a query that have a meaning here or upstream.
    public static let names = LocalParameter.allCases.map(\.rawValue) + FacetParameter.allCases.map(\.rawValue)

    /// The values of `sort`: those that are known here, then those that only upstream knows.
    public static let sorts = SortOrder.allCases.map { "\($0.name)" } + FacetParameter.sorts.sorted()

    /// What a model can take.
    public static let inputModalities = ModalitySet.inputs.map { "\($0)" }

    /// What a model can make.
    public static let outputModalities = ModalitySet.outputs.map { "\($0)" }
}
