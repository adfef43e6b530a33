import Daemon
import Settings
import Testing

/// What is stored when upstream begins to fail.
enum StoredState: String, CaseIterable, CustomTestStringConvertible {
    /// Nothing.
    case cold
    /// A fresh copy.
    case fresh
    /// A stale copy within `stale.while_revalidate`.
    case stale
    /// A stale copy beyond that, within `stale.if_error`.
    case staleIfErrorCopy
    /// A copy of no more use.
    case past

    var testDescription: String { rawValue }

    /// Makes a copy come into this state by itself, and stay in it, until upstream fails in this way.
    func arrange(_ settings: inout Settings, for fault: Fault) {
        settings.ttl.catalog = self == .fresh ? .seconds(300) : .milliseconds(400)
        settings.stale.whileRevalidate = self == .stale ? .seconds(3600) : .zero
        settings.stale.ifError = self == .stale || self == .staleIfErrorCopy ? .seconds(3600) : .milliseconds(1)
        settings.ttl.negative = .seconds(3600)
        settings.upstream.timeout = fault.timeout
        settings.upstream.connectTimeout = fault.timeout
    }
}

/// What a request in one cell of the matrix has to come to. The rules are the contract's, section by section.
struct Verdict {
    var status: Int
    var cacheStatus: String
    /// How often upstream is asked, be it behind the answer.
    var requests = 1
    /// What the next request, right behind it and without asking upstream, has to come to.
    var nextStatus: Int
    var nextCacheStatus: String
    /// What one that forbids asking has to come to.
    var storedStatus: Int
    /// What is stored then.
    var entries: [String]

    init(_ state: StoredState, _ fault: Fault) {
        let isRefusal = if case .refusal = fault.kind { true } else { false }
        // What is stored for everyone is left as it is by whatever one caller gets.
        let copies: [String] =
            switch state {
            case .cold: []
            case .fresh: ["/models 200 fresh"]
            case .stale, .staleIfErrorCopy: ["/models 200 stale"]
            case .past: ["/models 200 expired"]
            }
        entries = isRefusal && state != .fresh ? copies + ["/models \(fault.answeredStatus) fresh"] : copies

        switch state {
        case .fresh:
            // Upstream is not asked, so it cannot fail.
            (status, cacheStatus, requests) = (200, "larder; hit; ttl=N", 0)
        case .stale:
            // Served at once; what comes of the refresh is seen by the next.
            (status, cacheStatus) = (200, "larder; hit; ttl=-N")
        case .staleIfErrorCopy where !isRefusal:
            (status, cacheStatus) = (200, "larder; fwd=stale" + fault.replaced)
        case .cold:
            (status, cacheStatus) = (fault.answeredStatus, "larder; fwd=miss" + fault.outcome)
        case .staleIfErrorCopy, .past:
            (status, cacheStatus) = (fault.answeredStatus, "larder; fwd=stale" + fault.outcome)
        }

        switch state {
        case .fresh: (nextStatus, nextCacheStatus) = (200, "larder; hit; ttl=N")
        // A refusal is upstream's answer, and remembered for a while.
        case _ where isRefusal: (nextStatus, nextCacheStatus) = (fault.answeredStatus, "larder; hit; ttl=N")
        // Back-off stops requests to upstream for a while.
        case .stale, .staleIfErrorCopy: (nextStatus, nextCacheStatus) = (200, "larder; hit; ttl=-N; detail=backing-off")
        case .cold, .past: (nextStatus, nextCacheStatus) = (503, "larder; detail=backing-off")
        }

        switch state {
        case .fresh: storedStatus = 200
        case _ where isRefusal: storedStatus = fault.answeredStatus
        case .stale: storedStatus = 200
        case .cold, .staleIfErrorCopy, .past: storedStatus = 504
        }
    }
}
