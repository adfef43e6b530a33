import Catalog

/// One parameter of a query for models, as the command line offers it.
public struct ModelFilter: Sendable, Equatable {
    /// The parameter's name in a query, such as `min_price`.
    public let parameter: String

    /// What its value is called in the help.
    public let valueName: String

    /// One line on what it does.
    public let help: String

    /// The values that a shell can offer; none if there are too many.
    public let values: [String]

    /// Whether the flag alone stands for `true`.
    public let isSwitch: Bool

    /// The flag without its hyphens, such as `min-price`.
    public var flag: String { parameter.replacing("_", with: "-") }

    private init(
        _ parameter: String, _ valueName: String, _ help: String, values: [String] = [], isSwitch: Bool = false
    ) {
        self.parameter = parameter
        self.valueName = valueName
        self.help = help
        self.values = values
        self.isSwitch = isSwitch
    }

    /// Every parameter there is: the flags of `larder models` are made from this and from nothing else.
    public static let all = contents + bounds + upstream + order

    private static let contents = [
        ModelFilter("q", "text", "Models whose name or id contains this text."),
        ModelFilter(
            "output_modalities", "list", "Models that make any of these, or all. By default text.",
            values: KnownParameters.outputModalities + ["all"]),
        ModelFilter(
            "input_modalities", "list", "Models that take every one of these.",
            values: KnownParameters.inputModalities),
        ModelFilter("supported_parameters", "list", "Models that support every one of these, such as tools."),
        ModelFilter("model_authors", "list", "Models of any of these authors, such as openai."),
        ModelFilter("arch", "name", "Models with this tokenizer, such as Llama."),
        ModelFilter("context", "tokens", "Models whose context has at least so many tokens."),
    ]

    private static let bounds = [
        ModelFilter("min_price", "dollars", "Least price of a million prompt tokens."),
        ModelFilter("max_price", "dollars", "Greatest price of a million prompt tokens."),
        ModelFilter("min_output_price", "dollars", "Least price of a million completion tokens."),
        ModelFilter("max_output_price", "dollars", "Greatest price of a million completion tokens."),
        ModelFilter("min_age_days", "days", "Models that are at least so old."),
        ModelFilter("max_age_days", "days", "Models that are at most so old."),
        ModelFilter("min_intelligence_index", "n", "Least index of intelligence."),
        ModelFilter("max_intelligence_index", "n", "Greatest index of intelligence."),
        ModelFilter("min_coding_index", "n", "Least index of coding."),
        ModelFilter("max_coding_index", "n", "Greatest index of coding."),
        ModelFilter("min_agentic_index", "n", "Least agentic index."),
        ModelFilter("max_agentic_index", "n", "Greatest agentic index."),
    ]

    private static let upstream = [
        ModelFilter("category", "name", "Models that upstream ranks in this category, such as programming."),
        ModelFilter("providers", "list", "Models that any of these providers serves."),
        ModelFilter(
            "distillable", "bool", "Models whose output may be used to train others.", values: ["true", "false"],
            isSwitch: true),
        ModelFilter(
            "zdr", "bool", "Models with an endpoint that retains no data.", values: ["true", "false"], isSwitch: true),
        ModelFilter("region", "name", "Models that are served in this region."),
        ModelFilter("min_tool_success_rate", "rate", "Least share of tool calls that succeed, from 0 to 1."),
        ModelFilter("max_tool_success_rate", "rate", "Greatest share of tool calls that succeed, from 0 to 1."),
    ]

    private static let order = [
        ModelFilter(
            "sort", "order", "The order, such as newest. By default upstream's.", values: KnownParameters.sorts),
        ModelFilter("offset", "n", "Leave out so many models at the start."),
        ModelFilter("limit", "n", "Show at most so many models, 1 to 1000. By default all."),
    ]
}
