import Bytes

/// Every parameter that a query for a list of models can have.
///
/// The parser, the settings, the labels of metrics, the command line and the tests of the documentation read this table.
public enum ParameterTable {
    /// All of them, in the order in which the command line shows them.
    public static let all = contents + bounds + upstream + order + own + forms

    /// The models' outputs. Without this parameter a list has the models that make text.
    public static let outputModalities = ParameterDefinition(
        "output_modalities", .catalog, .namesAmong(names(ModalitySet.outputs) + ["all"]), "list",
        "Models that produce any of these, or all. By default text."
    ) { query, value throws(ValueProblem) in
        let others = value.list.filter { !$0.span.equalsIgnoringCase("all") }
        let set = try ParameterValue.modalities(others, among: ModalitySet.outputs)
        if others.count < value.list.count {
            query.outputModalities = nil
        } else if !set.isEmpty {
            query.outputModalities = set
        }
    }

    /// The models' inputs.
    public static let inputModalities = ParameterDefinition(
        "input_modalities", .catalog, .namesAmong(names(ModalitySet.inputs)), "list",
        "Models that accept every one of these."
    ) { query, value throws(ValueProblem) in
        query.inputModalities = try ParameterValue.modalities(value.list, among: ModalitySet.inputs)
    }

    private static let contents = [
        ParameterDefinition("q", .catalog, .text, "text", "Models whose name or id contains this text.") {
            $0.text = $1.folded
        },
        outputModalities,
        inputModalities,
        ParameterDefinition(
            "supported_parameters", .catalog, .names, "list", "Models that support every one of these, such as tools."
        ) { $0.supportedParameters = $1.list },
        ParameterDefinition(
            "model_authors", .catalog, .names, "list", "Models by any of these authors, such as openai."
        ) { $0.authors = $1.foldedList },
        ParameterDefinition("arch", .catalog, .name, "name", "Models with this tokenizer, such as Llama.") {
            $0.architecture = $1.folded
        },
        ParameterDefinition(
            "context", .catalog, .integer(1...(.max)), "tokens",
            "Models with a context of at least this many tokens."
        ) { query, value throws(ValueProblem) in query.minimumContext = try value.integer },
    ]

    // Models state dollars per token, queries dollars per million of them.
    private static let bounds: [ParameterDefinition] = [
        bound("min_price", "dollars", "Minimum price per million prompt tokens.", shift: 6, .up) {
            $0.prices.prompt.lower = $1
        },
        bound("max_price", "dollars", "Maximum price per million prompt tokens.", shift: 6, .down) {
            $0.prices.prompt.upper = $1
        },
        bound("min_output_price", "dollars", "Minimum price per million completion tokens.", shift: 6, .up) {
            $0.prices.completion.lower = $1
        },
        bound("max_output_price", "dollars", "Maximum price per million completion tokens.", shift: 6, .down) {
            $0.prices.completion.upper = $1
        },
        days("min_age_days", "Models that are at least this many days old.") { $0.age.minimum = $1 },
        days("max_age_days", "Models that are at most this many days old.") { $0.age.maximum = $1 },
        bound("min_intelligence_index", "n", "Minimum intelligence index.", .up) {
            $0.benchmarks.intelligence.lower = $1
        },
        bound("max_intelligence_index", "n", "Maximum intelligence index.", .down) {
            $0.benchmarks.intelligence.upper = $1
        },
        bound("min_coding_index", "n", "Minimum coding index.", .up) { $0.benchmarks.coding.lower = $1 },
        bound("max_coding_index", "n", "Maximum coding index.", .down) { $0.benchmarks.coding.upper = $1 },
        bound("min_agentic_index", "n", "Minimum agentic index.", .up) { $0.benchmarks.agentic.lower = $1 },
        bound("max_agentic_index", "n", "Maximum agentic index.", .down) { $0.benchmarks.agentic.upper = $1 },
    ]

    /// What upstream ranks models for. It also gives the order of the result.
    static let category = ParameterDefinition(
        "category", .upstream, .name, "name", "Models that upstream ranks in this category, such as programming.")

    private static let upstream = [
        category,
        ParameterDefinition(
            "providers", .upstream, .names, "list", "Models that any of these providers serves."),
        ParameterDefinition(
            "distillable", .upstream, .flag, "bool",
            "Models whose output may be used to train others."),
        ParameterDefinition(
            "zdr", .upstream, .flag, "bool", "Models with an endpoint that retains no data."),
        ParameterDefinition("region", .upstream, .name, "name", "Models served in this region."),
        share("min_tool_success_rate", "Minimum share of successful tool calls, from 0 to 1."),
        share("max_tool_success_rate", "Maximum share of successful tool calls, from 0 to 1."),
    ]

    /// The order of the result.
    public static let sort = ParameterDefinition(
        "sort", .catalog, .oneOf(names(SortOrder.allCases.map(\.name)) + upstreamOrders), "order",
        "Sort order, such as newest. By default upstream's order."
    ) { query, value throws(ValueProblem) in
        if let order = SortOrder(value.bytes.span) {
            query.sort = order
        } else {
            throw upstreamOrders.contains(value.text) ? .upstream : .unknown
        }
    }

    private static let order = [
        sort,
        ParameterDefinition(
            "offset", .larder, .integer(0...(.max)), "n", "Skip this many models at the start."
        ) { query, value throws(ValueProblem) in query.page.offset = try value.integer },
        ParameterDefinition(
            "limit", .larder, .integer(1...1000), "n", "Show at most this many models, 1 to 1000. By default all."
        ) { query, value throws(ValueProblem) in query.page.limit = try value.integer },
    ]

    /// What upstream does not have.
    private static let own = [
        ParameterDefinition("larder_fields", .larder, .names) { query, value throws(ValueProblem) in
            guard let fields = FieldSelection(value.list) else {
                throw .invalid(
                    InvalidParameter(
                        "larder_fields", mustBe: "a list of members, such as id,pricing.prompt", not: value.bytes))
            }
            query.fields = fields
        },
        asOf,
    ]

    /// The time whose catalogue is asked for.
    static let asOf = ParameterDefinition("larder_as_of", .larder, .name) { query, value throws(ValueProblem) in
        guard let time = Instant(value.text) else {
            throw .invalid(
                InvalidParameter(
                    "larder_as_of", mustBe: "a date (2026-11-29) or a time (2026-11-29T08:30:00Z)", not: value.bytes))
        }
        query.asOf = time.seconds
    }

    /// Upstream's feed, which is not JSON.
    public static let feed = ParameterDefinition("use_rss", .wholeQuery, .flag)

    /// Upstream's list for Codex: `models` instead of `data`, with other rows.
    public static let codexVersion = ParameterDefinition("client_version", .wholeQuery, .name)

    private static let forms = [feed, codexVersion]

    /// The orders that only upstream knows.
    private static let upstreamOrders = [
        "latency-low-to-high", "most-popular", "throughput-high-to-low", "top-weekly",
    ]

    // MARK: Kinds of row

    /// A bound on a decimal number, of values that are smaller by 10^`shift`.
    private static func bound(
        _ name: StaticString, _ valueName: String, _ help: String, shift: Int = 0, _ rounding: FixedDecimal.Rounding,
        set: @escaping @Sendable (inout Query, FixedDecimal) -> Void
    ) -> ParameterDefinition {
        ParameterDefinition(name, .catalog, .number, valueName, help) { query, value throws(ValueProblem) in
            set(&query, try value.bound(shift: shift, rounding))
        }
    }

    private static func days(
        _ name: StaticString, _ help: String, set: @escaping @Sendable (inout Query, Int64) -> Void
    ) -> ParameterDefinition {
        ParameterDefinition(name, .catalog, .integer(0...(.max)), "days", help) { query, value throws(ValueProblem) in
            set(&query, try value.integer)
        }
    }

    private static func share(_ name: StaticString, _ help: String) -> ParameterDefinition {
        ParameterDefinition(name, .upstream, .share, "rate", help) { _, value throws(ValueProblem) in
            try value.checkShare()
        }
    }

    private static func names(_ names: [StaticString]) -> [String] { names.map { "\($0)" } }

    // MARK: Look-up

    /// The parameter of that name, or nil. Nothing is allocated.
    public static func find(_ name: Span<UInt8>) -> ParameterDefinition? {
        var slot = Int(truncatingIfNeeded: name.hash64()) & (slotCount - 1)
        while let definition = slots[slot] {
            if name.equals(definition.spelling) { return definition }
            slot = (slot + 1) & (slotCount - 1)
        }
        return nil
    }

    private static let slotCount = 128

    /// The rows by the hashes of their names; at least half of the slots are free.
    private static let slots: [ParameterDefinition?] = {
        precondition(all.count * 2 <= slotCount, "the table is too full")
        var slots: [ParameterDefinition?] = Array(repeating: nil, count: slotCount)
        for definition in all {
            let name = Array(definition.name.utf8)
            var slot = Int(truncatingIfNeeded: name.span.hash64()) & (slotCount - 1)
            while let other = slots[slot] {
                precondition(other.name != definition.name, "two parameters have one name")
                slot = (slot + 1) & (slotCount - 1)
            }
            slots[slot] = definition
        }
        return slots
    }()
}
