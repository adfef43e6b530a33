import Bytes

/// What a reader of the catalogue fills in for one model: the fields that are filtered, sorted and looked up by.
public struct ModelFields: Equatable, Sendable {
    /// The name that requests are made with, such as `openai/gpt-4o`; not empty.
    public var id: String

    /// The dated name of the same model, shared by its variants.
    public var canonicalSlug: String?

    /// The id of the model that an alias currently points to.
    public var aliasTarget: String?

    /// The name for people.
    public var name = ""

    /// When the model was added, in seconds since 1970.
    public var created: Int64?

    /// The number of tokens, not negative. The type is wider than any context needs, because upstream may write any
    /// number.
    public var contextLength: Int128?

    /// Dollars per token; a negative price means no price.
    public var prices = TokenPrices<FixedDecimal?>(prompt: nil, completion: nil)

    /// The JSON value of the date on which the model will be removed, as upstream wrote it; empty if there is none.
    public var expirationDate: [UInt8] = []

    /// The minutes at which time-dependent prices begin and end.
    public var priceEdges = DayMinutes.none

    /// What the model takes, in lower or upper case.
    public var inputModalities: [String] = []

    /// What the model makes, in lower or upper case.
    public var outputModalities: [String] = []

    /// The request parameters that it understands.
    public var supportedParameters: [String] = []

    /// The family of its tokenizer, such as `Llama3`.
    public var tokenizer: String?

    /// Artificial Analysis' indices.
    public var benchmarks = Benchmarks<FixedDecimal?>(intelligence: nil, coding: nil, agentic: nil)

    /// The highest of its ratings in the Design Arena.
    public var designArenaElo: FixedDecimal?

    /// Fields with only the id set.
    public init(id: String) { self.id = id }
}

/// A value for each of the two kinds of token that are paid for.
public struct TokenPrices<Value> {
    /// The value for prompt tokens.
    public var prompt: Value

    /// The value for completion tokens.
    public var completion: Value

    /// The two values.
    public init(prompt: Value, completion: Value) {
        self.prompt = prompt
        self.completion = completion
    }
}

extension TokenPrices: Sendable where Value: Sendable {}
extension TokenPrices: Equatable where Value: Equatable {}

/// A value for each of Artificial Analysis' indices.
public struct Benchmarks<Value> {
    /// The value for the index of intelligence.
    public var intelligence: Value

    /// The value for the index of coding.
    public var coding: Value

    /// The value for the agentic index.
    public var agentic: Value

    /// The three values.
    public init(intelligence: Value, coding: Value, agentic: Value) {
        self.intelligence = intelligence
        self.coding = coding
        self.agentic = agentic
    }
}

extension Benchmarks: Sendable where Value: Sendable {}
extension Benchmarks: Equatable where Value: Equatable {}

/// A set of what models take or make; a model's unknown modalities are left out of it, since no query can name them.
public struct ModalitySet: OptionSet, Hashable, Sendable {
    /// One bit for each modality, in the order of `names`.
    public let rawValue: UInt16

    /// The set with those bits.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Text, which is also the default of a query without an output modality.
    public static let text = ModalitySet(rawValue: 1)

    /// What an output can be.
    static let outputs: [StaticString] = [
        "text", "image", "embeddings", "audio", "video", "rerank", "decisions", "speech", "transcription",
    ]

    /// What an input can be.
    static let inputs: [StaticString] = ["text", "image", "audio", "file", "video"]

    /// The set of one modality, by its index in `names`; nil if it is not there. Case is ignored.
    init?(_ name: Span<UInt8>, among names: [StaticString]) {
        for (index, known) in names.enumerated() where name.equalsIgnoringCase(known) {
            self.init(rawValue: 1 << UInt16(index))
            return
        }
        return nil
    }

    /// All of a model's modalities that are known.
    init(_ list: [String], among names: [StaticString]) {
        self = []
        for name in list {
            if let modality = ModalitySet(name.utf8.span, among: names) { formUnion(modality) }
        }
    }
}

/// Minutes of the day in UTC, the same every day, at which time-dependent prices change.
public struct DayMinutes: Equatable, Sendable {
    /// The minutes since midnight, each once, in ascending order.
    public let minutes: [Int]

    /// No minute at all.
    public static let none = DayMinutes([])

    /// The set of these minutes, each of them in 0..<1440.
    public init(_ minutes: some Sequence<Int>) {
        var sorted: [Int] = []
        for minute in minutes.sorted() where sorted.last != minute { sorted.append(minute) }
        self.minutes = sorted
    }

    /// The minute that a clock shows as the number HHMM: 400 is 04:00, and 2400 is midnight, like 0. Nil if there is no
    /// such time.
    public static func minute(ofClock clock: Int64) -> Int? {
        guard 0...2400 ~= clock, clock % 100 < 60 else { return nil }
        return Int(clock / 100 % 24 * 60 + clock % 100)
    }

    /// The first second at which one of the minutes begins after `wallSeconds`, both in seconds since 1970; nil if there is
    /// no minute.
    public func next(after wallSeconds: Int64) -> Int64? {
        guard let first = minutes.first else { return nil }
        let second = wallSeconds % 86_400
        // Times before 1970 give a negative remainder.
        let midnight = wallSeconds - (second < 0 ? second + 86_400 : second)
        for minute in minutes where midnight + Int64(minute) * 60 > wallSeconds { return midnight + Int64(minute) * 60 }
        return midnight + 86_400 + Int64(first) * 60
    }
}
