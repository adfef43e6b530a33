import Bytes
import Catalog
import HTTPCore

/// The admin pages of Larder, by path.
public enum AdminPage: String, CaseIterable, Sendable {
    /// Metrics for Prometheus.
    case metrics = "/metrics"
    /// The complete status, as JSON.
    case status = "/_larder/status"
    /// Removes stored responses.
    case purge = "/_larder/purge"
    /// The settings in effect, as JSON.
    case settings = "/_larder/settings"
    /// The latest warnings and errors of the log, as JSON.
    case events = "/_larder/events"

    /// The page at a path; nil if there is none.
    public init?(path: Span<UInt8>) {
        if path.equals("/metrics") {
            self = .metrics
        } else if path.equals("/_larder/status") {
            self = .status
        } else if path.equals("/_larder/purge") {
            self = .purge
        } else if path.equals("/_larder/settings") {
            self = .settings
        } else if path.equals("/_larder/events") {
            self = .events
        } else {
            return nil
        }
    }

    /// Whether it changes something and so needs POST; the others take GET and HEAD.
    public var isAction: Bool { self == .purge }

    /// Whether all loops have a part in it.
    public var isGathered: Bool { self == .metrics || self == .status }
}

/// What to remove from the cache.
public enum Purge: Equatable, Sendable {
    /// The shared catalogue and its facets.
    case catalog
    /// All entries of one key's own, by the first 8 digits of its digest; 0 for those of requests without a key.
    case key(UInt64)
    /// Everything.
    case all
    /// The bodies that are kept as received under a path, whatever the query and the owner. No request for a purge names
    /// one: upstream has accepted a request that may change them (`Route.invalidatedPath`).
    case path(String)

    /// Reads the query of a purge request: exactly one of `catalog=1`, `key=FINGERPRINT`, `all=1`. The fingerprint may
    /// be `no%20key`.
    public init(query: String) throws(Problem) {
        if query == "catalog=1" {
            self = .catalog
        } else if query == "all=1" {
            self = .all
        } else if query == "key=no%20key" || query == "key=no+key" {
            self = .key(0)
        } else if query.hasPrefix("key=") {
            guard let number = KeyFingerprint.number(String(query.dropFirst(4))) else {
                // The text is not repeated: it may be a key by mistake.
                throw Problem(
                    .badRequest, "key must be a fingerprint of 8 hex digits, or no%20key for requests without a key",
                    detail: .badRequest)
            }
            self = .key(number)
        } else {
            throw Problem(
                .badRequest, "say what to purge: ?catalog=1, ?key=FINGERPRINT (8 hex digits) or ?all=1",
                detail: .badRequest)
        }
    }

    /// Whether it affects the entry of a resource, for everyone (nil) or for one owner.
    public func covers(_ resource: Resource, ownerHigh: UInt64?) -> Bool {
        switch self {
        case .catalog: resource.kind == .catalog || resource.kind == .facet
        case .key(let number): ownerHigh.map { $0 >> 32 == number } ?? false
        case .all: true
        case .path(let path):
            if case .opaque(path, _, _) = resource { true } else { false }
        }
    }
}
