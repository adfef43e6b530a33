/// What a caller asks of a list, as far as a snapshot can answer it. The conditions are joined by AND.
public struct Query: Equatable, Sendable {
    /// The models' outputs that are wanted, any of them; nil for all models. Without the parameter: text.
    public var outputModalities: ModalitySet? = .text

    /// The inputs that are wanted, every one.
    public var inputModalities: ModalitySet = []

    /// The parameters that must be supported, every one.
    public var supportedParameters: [[UInt8]] = []

    /// What must occur in the name, id or slug, in lower case; empty for no such condition.
    public var text: [UInt8] = []

    /// The least context, in tokens.
    public var minimumContext: Int64?

    /// Bounds on the dollars for a prompt token (not for a million).
    public var promptPrice = DecimalRange()

    /// Bounds on the dollars for a completion token (not for a million).
    public var completionPrice = DecimalRange()

    /// The least age in days of 86,400 seconds.
    public var minimumAge: Int64?

    /// The greatest age in days of 86,400 seconds.
    public var maximumAge: Int64?

    /// Bounds on the index of intelligence.
    public var intelligenceIndex = DecimalRange()

    /// Bounds on the index of coding.
    public var codingIndex = DecimalRange()

    /// Bounds on the agentic index.
    public var agenticIndex = DecimalRange()

    /// The family of tokenizers in lower case: it equals the model's, or does so when the model's last digits are left out.
    public var architecture: [UInt8] = []

    /// The authors that are wanted, any of them, in lower case; empty for all.
    public var authors: [[UInt8]] = []

    /// The order; nil for upstream's.
    public var sort: SortOrder?

    /// How many rows to leave out at the front of the result.
    public var offset: Int64?

    /// How many rows to show at most.
    public var limit: Int64?

    /// The limit of a query that has an offset only.
    public static let defaultLimit: Int64 = 500

    /// The query without parameters: all models that make text.
    public init() {}
}
