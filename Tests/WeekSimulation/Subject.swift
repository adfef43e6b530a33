/// What clients ask for, and what upstream has. These are facts of the contract, written down a second time.
struct Subject: Sendable {
    /// How an answer shows what it was made of.
    enum Form: Sendable {
        /// All rows of one list; a view's, a search's and a facet's are a part of it.
        case list
        /// The rows that a view leaves.
        case view
        /// The rows whose name has "alpha".
        case search
        /// The rows of a facet, shown as the list has them.
        case facet
        /// The number of rows.
        case count
        /// One row of the list, or a model of its own.
        case model
        /// A body of upstream's.
        case body
    }

    let target: String
    let form: Form

    static let all: [Subject] = [
        Subject(target: "/api/v1/models", form: .list),
        Subject(target: "/v1/models?q=alpha", form: .search),
        Subject(target: "/models/count", form: .count),
        Subject(target: "/api/v1/models/user", form: .list),
        Subject(target: "/models?category=programming", form: .facet),
        Subject(target: "/models/user?category=programming", form: .facet),
        Subject(target: "/api/v1/model/acme/m0", form: .model),
        Subject(target: "/models/elsewhere/x", form: .model),
        Subject(target: "/models/acme/m0/endpoints", form: .body),
        Subject(target: "/api/v1/providers", form: .body),
        Subject(target: "/tools", form: .body),
        Subject(target: "/view/team/api/v1/models", form: .view),
        Subject(target: "/openai/v1/models", form: .list),
        Subject(target: "/models?whim=7", form: .body),
    ]

    /// What is passed through.
    static let passed = Subject(target: "/chat/completions", form: .body)

    /// What upstream has, by the target that it is asked for.
    struct Thing: Sendable {
        enum Kind: Sendable { case list, facet, model, body }
        let target: String
        let kind: Kind
        /// Whether it belongs to the key that fetched it, whatever upstream says.
        let isPersonal: Bool
        /// Whether callers with a key and those without one get different answers.
        let dependsOnKey: Bool

        init(_ target: String, _ kind: Kind, isPersonal: Bool = false, dependsOnKey: Bool = false) {
            self.target = target
            self.kind = kind
            self.isPersonal = isPersonal
            self.dependsOnKey = dependsOnKey
        }
    }

    static let things: [Thing] = [
        Thing("/models?output_modalities=all", .list),
        Thing("/models/user?output_modalities=all", .list, isPersonal: true),
        Thing("/models?category=programming&output_modalities=all", .facet),
        Thing("/models/user?category=programming&output_modalities=all", .facet, isPersonal: true),
        Thing("/model/elsewhere/x", .model),
        Thing("/models/acme/m0/endpoints", .body, dependsOnKey: true),
        Thing("/providers", .body),
        Thing("/tools", .body, isPersonal: true),
        // Upstream ignores the parameter.
        Thing("/models?whim=7&output_modalities=all", .list),
        Thing("/model/acme/m0", .model),
    ]

    static let targets = things.count
    /// The two things that have the same content.
    static let whim = 8
}
