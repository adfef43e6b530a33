public import HTTPCore

/// The cache directive of a request (RFC 9111 section 5.2.1).
public enum CacheDirective: Sendable, Equatable {
    /// A fresh copy if there is one, otherwise upstream.
    case any
    /// Upstream, unless the copy was fetched just now: `no-cache`, `max-age=0`, or `Pragma: no-cache` alone (RFC 9111
    /// section 5.4).
    case refresh
    /// A stored copy only: `only-if-cached`.
    case storedOnly

    /// Reads a request's fields. `only-if-cached` takes precedence over `no-cache`, because it forbids what the other
    /// requests.
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

/// What the cache does with a request.
public enum Decision: Sendable, Equatable {
    /// Serve the copy, which is fresh or acceptable to the request.
    case hit
    /// Serve the stale copy, and refresh it in the background (RFC 5861 section 3).
    case stale
    /// Serve the stale copy: upstream failed a moment ago and is in back-off (RFC 5861 section 4).
    case staleOnError
    /// Send a request upstream, for this reason.
    case fetch(CacheStatus.Reason)
    /// Answer 504: no stored copy is acceptable, and the request forbids asking upstream (RFC 9111 section 5.2.1.7).
    case unsatisfiable

    /// Decides from the stored copy (nil: none), the request's directive and the time. `isBackingOff` says that
    /// back-off blocks requests to upstream now.
    public init(
        stored: Freshness?, directive: CacheDirective, windows: StaleWindows, isBackingOff: Bool = false, now: UInt64
    ) {
        let isFresh = stored?.isFresh(at: now) ?? false
        let isWithinWindow = stored?.mayBeRevalidatedBehind(at: now, windows) ?? false
        switch directive {
        case .any where isFresh, .storedOnly where isFresh || isWithinWindow: self = .hit
        case .refresh where stored?.isRecent(at: now, windows) ?? false: self = .hit
        case .any where isWithinWindow: self = .stale
        case .any where isBackingOff && stored?.mayReplaceError(at: now, windows) ?? false: self = .staleOnError
        case .any: self = .fetch(stored == nil ? .miss : .stale)
        case .refresh: self = .fetch(.request)
        case .storedOnly: self = .unsatisfiable
        }
    }
}
