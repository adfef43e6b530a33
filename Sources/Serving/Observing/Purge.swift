import Catalog

/// What is to be thrown out of the cache.
public enum Purge: Equatable, Sendable {
    /// The shared catalogue and its facets.
    case catalog
    /// Everything that is one key's own, by the first 8 digits of its digest.
    case key(UInt64)
    /// Everything.
    case all

    /// Reads the query of a request to purge: exactly one of `catalog=1`, `key=FINGERPRINT`, `all=1`.
    public init?(query: String) {
        if query == "catalog=1" {
            self = .catalog
        } else if query == "all=1" {
            self = .all
        } else if query.hasPrefix("key="), let number = KeyFingerprint.number(String(query.dropFirst(4))) {
            self = .key(number)
        } else {
            return nil
        }
    }

    /// Whether it concerns what is stored for a resource, for everyone (nil) or for one owner.
    public func covers(_ resource: Resource, ownerHigh: UInt64?) -> Bool {
        switch self {
        case .catalog: resource.kind == .catalog || resource.kind == .facet
        case .key(let number): ownerHigh.map { $0 >> 32 == number } ?? false
        case .all: true
        }
    }
}
