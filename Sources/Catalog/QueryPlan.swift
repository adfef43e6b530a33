/// How a query is to be answered.
public enum QueryPlan: Equatable, Sendable {
    /// From a snapshot.
    case local(Query)
    /// By upstream, which alone knows some of it.
    case forward(ForwardedQuery)
    /// Not at all: the caller is told what is wrong.
    case invalid(InvalidParameter)
}

/// A query that upstream has to answer, in whole or in part.
public struct ForwardedQuery: Equatable, Sendable {
    /// Why a snapshot does not do: the first cause in the order of the query.
    public let reason: ForwardReason

    /// What only upstream can answer, sorted by parameter; a row has to stand in each of them.
    public let clauses: [FacetClause]

    /// Whether it cannot be taken apart into clauses: it asks for something else than a list of models, or for more facets
    /// than are worth a request each.
    public let isWhole: Bool

    /// All the other conditions.
    public let local: Query
}

/// Why a query needs upstream; each case names the parameter.
public enum ForwardReason: Equatable, Sendable, CustomStringConvertible {
    /// It is known to be upstream's alone, or its value is, such as `category=programming` and `sort=most-popular`.
    case facet(String)
    /// It is unknown here.
    case unknownParameter(String)
    /// Its value is unknown here, such as `sort=trending` or a new modality.
    case unknownValue(String)
    /// The settings leave it to upstream.
    case configured(String)

    /// The reason without the parameter's name, for logs and metrics.
    public var description: String {
        switch self {
        case .facet: "facet"
        case .unknownParameter: "unknown-parameter"
        case .unknownValue: "unknown-value"
        case .configured: "configured"
        }
    }
}
