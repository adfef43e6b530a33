public import HTTPCore

/// What a request asks of the cache by its own directives (RFC 9111 section 5.2.1).
public enum Demand: Sendable, Equatable {
    /// A fresh copy if there is one, else upstream.
    case any
    /// Upstream, whatever is stored: `no-cache`, `max-age=0`, or `Pragma: no-cache` alone (RFC 9111 section 5.4).
    case refresh
    /// What is stored, else nothing: `only-if-cached`.
    case storedOnly

    /// Reads a request's fields. `only-if-cached` wins over `no-cache`: it forbids what the other asks for.
    public init(cacheControl: CacheControl?, pragmaNoCache: Bool) {
        guard let directives = cacheControl else {
            self = pragmaNoCache ? .refresh : .any
            return
        }
        if directives.flags.contains(.onlyIfCached) {
            self = .storedOnly
        } else if directives.flags.contains(.noCache) || directives.maxAge == 0 {
            self = .refresh
        } else {
            self = .any
        }
    }
}

/// What the cache does with a request: one decision, by name.
public enum Decision: Sendable, Equatable {
    /// Serve the copy.
    case hit
    /// Ask upstream, for this reason.
    case fetch(CacheStatus.Reason)
    /// Answer 504: a copy is wanted, there is none that is fresh, and asking is forbidden (RFC 9111 section 5.2.1.7).
    case unsatisfiable

    /// Decides from what is stored (nil: nothing), what is demanded and the time.
    public init(stored: Freshness?, demand: Demand, now: UInt64) {
        let fresh = stored?.isFresh(at: now) ?? false
        switch demand {
        case .any where fresh, .storedOnly where fresh: self = .hit
        case .any: self = .fetch(stored == nil ? .miss : .stale)
        case .refresh: self = .fetch(.request)
        case .storedOnly: self = .unsatisfiable
        }
    }
}
