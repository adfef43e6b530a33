/// What `/_larder/status` shows of one stored response.
public struct EntryReport: Sendable, Equatable {
    /// What it may still be used for.
    public enum State: String, Sendable {
        /// It answers.
        case fresh
        /// It answers while a new one is fetched, or while upstream fails.
        case stale
        /// It answers no more.
        case expired
    }

    /// The same for the same resource and owner in every loop of the process.
    public let id: Int
    /// What it is, without a caller's own text.
    public let resource: String
    /// The first half of the owner's digest, of which the first 8 digits are shown; nil if everyone shares it.
    public let owner: UInt64?
    /// Upstream's status.
    public let status: Int
    /// The seconds since upstream gave it.
    public let age: Int
    /// The seconds for which it is fresh; negative if it is no longer.
    public let remaining: Int
    /// What it may still be used for.
    public let state: State
    /// The bytes that it keeps.
    public let bytes: Int
    /// How many models it has, if it is a list.
    public let models: Int?

    /// The most that are shown.
    public static let most = 500

    /// A report.
    public init(
        id: Int, resource: String, owner: UInt64?, status: Int, age: Int, remaining: Int, state: State, bytes: Int,
        models: Int?
    ) {
        self.id = id
        self.resource = resource
        self.owner = owner
        self.status = status
        self.age = age
        self.remaining = remaining
        self.state = state
        self.bytes = bytes
        self.models = models
    }

    /// What two loops have, each thing once, as the loop has it that got it last.
    static func merged(_ some: [EntryReport], _ others: [EntryReport]) -> [EntryReport] {
        if some.isEmpty || others.isEmpty { return some + others }
        var byID = Dictionary(some.map { ($0.id, $0) }) { first, _ in first }
        for other in others where other.remaining > byID[other.id]?.remaining ?? .min { byID[other.id] = other }
        return byID.values.sorted { ($0.resource, $0.owner ?? 0) < ($1.resource, $1.owner ?? 0) }
    }
}
