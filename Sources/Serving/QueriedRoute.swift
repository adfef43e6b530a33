/// The routes that take queries.
enum QueriedRoute: Equatable {
    case models, count, user

    /// The list that they are answered from.
    var list: Resource { self == .user ? .userList : .catalog }

    /// The list that their facets are of.
    var facetedList: Resource.FacetedList { self == .user ? .user : .catalog }

    /// Their path without the first slash, as the link to the next page spells it.
    var resourceName: StaticString {
        switch self {
        case .models: "models"
        case .count: "models/count"
        case .user: "models/user"
        }
    }

    /// Their path below upstream's base URL.
    var path: String { "/\(resourceName)" }
}
