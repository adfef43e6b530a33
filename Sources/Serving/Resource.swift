import Bytes
public import Catalog
import HTTPCore

/// What is fetched from upstream and kept under a key of its own.
public enum Resource: Hashable, Sendable {
    /// The whole catalogue, `/models?output_modalities=all`.
    case catalog
    /// A key's own list, `/models/user?output_modalities=all`.
    case userList
    /// One model that the catalogue does not name: `author/slug`, decoded.
    case model(id: String)
    /// The models of a list that upstream answers with for one parameter.
    case facet(FacetName, of: FacetedList)
    /// A body that is kept as it came. The path is the one below the base URL, the query in its canonical form.
    case opaque(path: String, query: String)

    /// The lists that have facets.
    public enum FacetedList: Hashable, Sendable { case catalog, user }

    /// The kinds of resource; how upstream shares answers is learned for each kind.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case catalog, userList, model, facet, userFacet, opaque, userOpaque

        /// Whether the answer belongs to one key whatever upstream says of it.
        public var isPersonal: Bool { self == .userList || self == .userFacet || self == .userOpaque }
    }

    /// The path of a key's own list.
    static let userPath = "/models/user"

    /// Which kind this is.
    public var kind: Kind {
        switch self {
        case .catalog: .catalog
        case .userList: .userList
        case .model: .model
        case .facet(_, of: .catalog): .facet
        case .facet(_, of: .user): .userFacet
        case .opaque(let path, _): path == Self.userPath ? .userOpaque : .opaque
        }
    }

    /// The list that its rows are the rows of, for a facet that does not show its own.
    public var basis: Resource? {
        guard case .facet(let name, let list) = self, !name.isShown else { return nil }
        return list == .catalog ? .catalog : .userList
    }

    /// Whether the answer belongs to one key whatever upstream says of it.
    public var isPersonal: Bool { kind.isPersonal }

    /// Whether it is a list in upstream's form for feed readers (`use_rss`), which is no JSON.
    public var isFeed: Bool {
        guard case .opaque(_, let query) = self else { return false }
        return query.split(separator: "&").contains { $0.hasPrefix("use_rss=") }
    }

    /// The path and query to ask upstream, below its base URL.
    ///
    /// A query is asked in its canonical form, the one that it is kept under: what two spellings of it have in common is
    /// what upstream sees of either, so nobody's odd spelling can put another answer into the cache than everybody's.
    public var upstreamTarget: String {
        switch self {
        case .catalog: "/models?output_modalities=all"
        case .userList: Self.userPath + "?output_modalities=all"
        case .model(let id): "/model/" + Self.encodedPath(id)
        case .facet(let name, of: .catalog): "/models?" + name.query
        case .facet(let name, of: .user): Self.userPath + "?" + name.query
        case .opaque(let path, ""): path
        case .opaque(let path, let query): path + "?" + query
        }
    }

    /// A number that is the same for the same resource in every loop of the process, to choose the loop that leads its
    /// fetches.
    public var spread: UInt64 {
        switch self {
        case .catalog: 0
        case .userList: 1
        case .model, .facet, .opaque: Array(upstreamTarget.utf8).span.hash64(seed: 2)
        }
    }

    /// The bytes of its name, which is the caller's own text for some, and so of whatever length.
    var byteCount: Int {
        switch self {
        case .catalog, .userList: 0
        case .model(let id): id.utf8.count
        case .facet(let name, _): name.pair.utf8.count
        case .opaque(let path, let query): path.utf8.count + query.utf8.count
        }
    }

    /// `author/slug`, each of them fit to stand in a path.
    static func encodedPath(_ id: String) -> String {
        id.split(separator: "/", omittingEmptySubsequences: false)
            .map { PercentEncoding.encodedSegment(Array($0.utf8)) }
            .joined(separator: "/")
    }
}
