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
    /// Serve the copy, which is fresh, or as good as the request wants it.
    case hit
    /// Serve the stale copy, and refresh it behind the answer (RFC 5861 section 3).
    case stale
    /// Serve the stale copy: upstream failed a moment ago and is being left alone (RFC 5861 section 4).
    case staleOnError
    /// Ask upstream, for this reason.
    case fetch(CacheStatus.Reason)
    /// Answer 504: a copy is wanted, there is none that will do, and asking is forbidden (RFC 9111 section 5.2.1.7).
    case unsatisfiable

    /// Decides from what is stored (nil: nothing), what is demanded and the time. `isLeftAlone` tells that upstream would not
    /// be asked for it now anyway.
    public init(
        stored: Freshness?, demand: Demand, windows: StaleWindows, isLeftAlone: Bool = false, now: UInt64
    ) {
        let isFresh = stored?.isFresh(at: now) ?? false
        let isWithinWindow = stored?.mayBeRevalidatedBehind(at: now, windows) ?? false
        switch demand {
        case .any where isFresh, .storedOnly where isFresh || isWithinWindow: self = .hit
        case .any where isWithinWindow: self = .stale
        case .any where isLeftAlone && stored?.mayReplaceError(at: now, windows) ?? false: self = .staleOnError
        case .any: self = .fetch(stored == nil ? .miss : .stale)
        case .refresh: self = .fetch(.request)
        case .storedOnly: self = .unsatisfiable
        }
    }
}
