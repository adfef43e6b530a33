import Bytes
public import Catalog
import HTTPCore

/// A resource that is fetched from upstream and kept under its own key.
public enum Resource: Hashable, Sendable {
    /// The whole catalogue, `/models?output_modalities=all`.
    case catalog
    /// A key's own list, `/models/user?output_modalities=all`.
    case userList
    /// One model that the catalogue does not name: `author/slug`, decoded.
    case model(id: String)
    /// The models that upstream returns for a list with one parameter.
    case facet(FacetName, of: FacetedList)
    /// The catalogue as it was at a time, in seconds since 1970. It comes from the state directory, never from upstream.
    case past(Int64)
    /// A body that is kept as received. The path is relative to the base URL, the query is in canonical form.
    /// `forKeys` distinguishes callers with a key, whatever the key, from callers without; nil if upstream answers
    /// both alike.
    case opaque(path: String, query: String, forKeys: Bool? = nil)

    /// The lists that have facets.
    public enum FacetedList: Hashable, Sendable { case catalog, user }

    /// The kinds of resource. Larder learns for each kind how upstream shares its answers.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        case catalog, userList, model, facet, userFacet, opaque, userOpaque
        /// Opaque bodies for callers with a key.
        case keyedOpaque
        /// Opaque bodies of upstream's data.
        case data
        /// Catalogues of earlier times.
        case past

        /// Whether the answer always belongs to one key, whatever upstream's directives are.
        public var isPersonal: Bool {
            switch self {
            case .userList, .userFacet, .userOpaque, .data: true
            case .catalog, .model, .facet, .opaque, .keyedOpaque, .past: false
            }
        }
    }

    /// The path of a key's own list.
    static let userPath = "/models/user"

    /// The kind of this resource.
    public var kind: Kind {
        switch self {
        case .catalog: .catalog
        case .userList: .userList
        case .model: .model
        case .facet(_, of: .catalog): .facet
        case .facet(_, of: .user): .userFacet
        case .past: .past
        case .opaque(Self.userPath, _, _): .userOpaque
        case .opaque(let path, _, let forKeys): Self.isData(path) ? .data : forKeys == true ? .keyedOpaque : .opaque
        }
    }

    /// The list that its rows come from, for a facet that does not show rows of its own.
    public var basis: Resource? {
        guard case .facet(let name, let list) = self, !name.isShown else { return nil }
        return list == .catalog ? .catalog : .userList
    }

    /// Whether the answer always belongs to one key, whatever upstream's directives are.
    public var isPersonal: Bool { kind.isPersonal }

    /// Whether a shared answer is either for callers with a key or for callers without one, but not for both.
    var dependsOnKey: Bool {
        if case .opaque(_, _, _?) = self { true } else { false }
    }

    /// Whether its path contains a name that the caller chose, such as a model's, which upstream may not have.
    public var isNamed: Bool {
        switch self {
        case .catalog, .userList, .facet, .past: return false
        case .model: return true
        case .opaque(let path, _, _):
            switch Route(path: Array(path.utf8).span) {
            case .endpoints: return true
            case .data: return path.hasPrefix("/datasets/") || path.hasPrefix("/tools/")
            default: return false
            }
        }
    }

    /// Whether it is a list in upstream's form for feed readers (`use_rss`), which is not JSON.
    public var isFeed: Bool { asks(ParameterTable.feed) }

    /// Whether it is a list in upstream's form for Codex (`client_version`), which has other members than a list of
    /// models.
    public var isForCodex: Bool { asks(ParameterTable.codexVersion) }

    private func asks(_ parameter: ParameterDefinition) -> Bool {
        guard case .opaque(_, let query, _) = self else { return false }
        return query.split(separator: "&").contains { $0.hasPrefix(parameter.name + "=") }
    }

    /// The path and query to request from upstream, below its base URL.
    ///
    /// A query is sent in its canonical form, which is also its cache key. So upstream sees the same query for all
    /// spellings of it, and no client can put a different answer into the cache by an unusual spelling.
    public var upstreamTarget: String {
        switch self {
        case .catalog: "/models?output_modalities=all"
        case .userList: Self.userPath + "?output_modalities=all"
        case .model(let id): "/model/" + Self.encodedPath(id)
        case .facet(let name, of: .catalog): "/models?" + name.query
        case .facet(let name, of: .user): Self.userPath + "?" + name.query
        case .past(let time): "/models?larder_as_of=" + Instant(seconds: time).text
        case .opaque(let path, "", _): path
        case .opaque(let path, let query, _): path + "?" + query
        }
    }

    /// A number that is the same for the same resource in every loop of the process. It selects the loop that owns its
    /// fetches.
    public var shardHash: UInt64 {
        switch self {
        case .catalog: 0
        case .userList: 1
        // One loop, so that times between two changes share one list.
        case .past: 0
        case .model, .facet, .opaque: Array(upstreamTarget.utf8).span.hash64(seed: 2)
        }
    }

    /// The bytes of its name. Some names contain the caller's own text and can have any length.
    var byteCount: Int {
        switch self {
        case .catalog, .userList, .past: 0
        case .model(let id): id.utf8.count
        case .facet(let name, _): name.pair.utf8.count
        case .opaque(let path, let query, _): path.utf8.count + query.utf8.count
        }
    }

    /// Whether a path belongs to `Route.data`.
    private static func isData(_ path: String) -> Bool {
        if case .data = Route(path: Array(path.utf8).span) { true } else { false }
    }

    /// `author/slug`, each of them encoded for a path.
    static func encodedPath(_ id: String) -> String {
        id.split(separator: "/", omittingEmptySubsequences: false)
            .map { PercentEncoding.encodedSegment(Array($0.utf8)) }
            .joined(separator: "/")
    }
}
