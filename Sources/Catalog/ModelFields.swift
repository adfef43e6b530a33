/// What a reader of the catalogue fills in for one model: the fields that are filtered, sorted and looked up by.
public struct ModelFields: Equatable, Sendable {
    /// The name that requests are made with, such as `openai/gpt-4o`; not empty.
    public var id: String

    /// The dated name of the same model, shared by its variants.
    public var canonicalSlug: String?

    /// The id of the model that an alias stands for at the moment.
    public var aliasTarget: String?

    /// The name for people.
    public var name = ""

    /// When the model was added, in seconds since 1970.
    public var created: Int64?

    /// The number of tokens, not negative.
    public var contextLength: Int64?

    /// Dollars per prompt token; a negative price is no price.
    public var promptPrice: FixedDecimal?

    /// Dollars per completion token; a negative price is no price.
    public var completionPrice: FixedDecimal?

    /// The minutes at which prices begin and end that hold for certain hours of the day.
    public var priceEdges = DayMinutes.none

    /// What the model takes, in lower or upper case.
    public var inputModalities: [String] = []

    /// What the model makes, in lower or upper case.
    public var outputModalities: [String] = []

    /// The request parameters that it understands.
    public var supportedParameters: [String] = []

    /// The family of its tokenizer, such as `Llama3`.
    public var tokenizer: String?

    /// Artificial Analysis' index of intelligence.
    public var intelligenceIndex: FixedDecimal?

    /// Artificial Analysis' index of coding.
    public var codingIndex: FixedDecimal?

    /// Artificial Analysis' index of agentic work.
    public var agenticIndex: FixedDecimal?

    /// The highest of its ratings in the Design Arena.
    public var designArenaElo: FixedDecimal?

    /// Fields of which only the id is known.
    public init(id: String) { self.id = id }
}
