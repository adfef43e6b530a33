extension Route {
    /// The kinds of route that metrics and the access log tell apart.
    public enum Kind: UInt8, CaseIterable, Sendable {
        case models, count, user, model, endpoints, list, health, readiness, own
        /// Anything that is passed through.
        case other
        /// A request in which no path could be read.
        case none

        /// The value of the label `route`.
        public var name: StaticString {
            switch self {
            case .models: "models"
            case .count: "count"
            case .user: "user"
            case .model: "model"
            case .endpoints: "endpoints"
            case .list: "list"
            case .health: "health"
            case .readiness: "readiness"
            case .own: "own"
            case .other: "other"
            case .none: "none"
            }
        }
    }

    /// Which kind this is.
    public var kind: Kind {
        switch self {
        case .models: .models
        case .count: .count
        case .user: .user
        case .model: .model
        case .endpoints: .endpoints
        case .list: .list
        case .health: .health
        case .readiness: .readiness
        case .own: .own
        case .other: .other
        }
    }
}
