import Bytes
import HTTPCore

/// What is fetched from upstream and kept under a key of its own.
public enum Resource: Hashable, Sendable {
    /// The whole catalogue, `/models?output_modalities=all`.
    case catalog
    /// A key's own list, `/models/user?output_modalities=all`.
    case userList
    /// One model that the catalogue does not name: `author/slug`, decoded.
    case model(id: String)
    /// The answer to a query that the rows cannot decide, kept as it came. The text is the query's canonical form.
    case query(QueriedRoute, canonical: String)

    /// The routes that a query can be put to.
    public enum QueriedRoute: Hashable, Sendable { case models, count, user }

    /// The kinds of resource; how upstream shares answers is learned for each kind.
    public enum Kind: UInt8, Hashable, Sendable, CaseIterable { case catalog, userList, model, query, userQuery }

    /// Which kind this is.
    public var kind: Kind {
        switch self {
        case .catalog: .catalog
        case .userList: .userList
        case .model: .model
        case .query(.user, _): .userQuery
        case .query: .query
        }
    }

    /// Whether the answer belongs to one key whatever upstream says of it.
    public var isPersonal: Bool { kind == .userList || kind == .userQuery }

    /// The path and query to ask upstream, below its base URL. `rawQuery` is the client's own, for `.query`.
    public func upstreamTarget(rawQuery: String) -> String {
        switch self {
        case .catalog: "/models?output_modalities=all"
        case .userList: "/models/user?output_modalities=all"
        case .model(let id): "/model/" + Self.encodedPath(id)
        case .query(.models, _): "/models?" + rawQuery
        case .query(.count, _): "/models/count?" + rawQuery
        case .query(.user, _): "/models/user?" + rawQuery
        }
    }

    /// A number that is the same for the same resource in every loop of the process, to choose the loop that leads its
    /// fetches.
    public var spread: UInt64 {
        switch self {
        case .catalog: 0
        case .userList: 1
        case .model(let id): Array(id.utf8).span.hash64(seed: 2)
        case .query(_, let canonical): Array(canonical.utf8).span.hash64(seed: 3)
        }
    }

    private static func encodedPath(_ id: String) -> String {
        id.split(separator: "/", omittingEmptySubsequences: false)
            .map { PercentEncoding.encodedSegment(Array($0.utf8)) }
            .joined(separator: "/")
    }
}
