/// A series of failed requests to upstream, of one kind and on one loop, with no success in between.
struct UpstreamTrouble: Sendable, Equatable {
    /// When the first of them ended, in Unix seconds.
    var since: Int64
    /// When the last of them ended.
    var last: Int64
    /// Why the last one failed.
    var reason: UpstreamMetrics.Reason
    /// Upstream's status, if the last one got an answer.
    var status: Int?
    /// The requested resource of the last one, without a caller's own text.
    var resource: String
    /// The failure in words.
    var message: String

    /// The series continues with a failure that ended later, perhaps on another loop.
    mutating func merge(_ other: UpstreamTrouble) {
        let since = min(since, other.since)
        if other.last >= last { self = other }
        self.since = since
    }
}

/// How the latest requests to upstream have ended, by their kind: since when each kind fails, and when it last
/// succeeded.
struct UpstreamTroubles: Sendable {
    private var troubles = [UpstreamTrouble?](repeating: nil, count: UpstreamMetrics.Kind.allCases.count)
    private var successes = [Int64](repeating: .min, count: UpstreamMetrics.Kind.allCases.count)

    /// A request of this kind has failed.
    mutating func failed(
        _ kind: UpstreamMetrics.Kind, _ reason: UpstreamMetrics.Reason, _ exchange: UpstreamMetrics.Exchange
    ) {
        let next = UpstreamTrouble(
            since: exchange.time, last: exchange.time, reason: reason, status: exchange.status,
            resource: exchange.resource, message: exchange.error ?? "the request failed")
        let index = Int(kind.rawValue)
        if troubles[index] == nil { troubles[index] = next } else { troubles[index]?.merge(next) }
        // The clock may have been set back since: a success must not seem to come after this.
        successes[index] = min(successes[index], exchange.time)
    }

    /// A request of this kind has succeeded.
    mutating func succeeded(_ kind: UpstreamMetrics.Kind, at time: Int64) {
        troubles[Int(kind.rawValue)] = nil
        successes[Int(kind.rawValue)] = time
    }

    /// The failures of a kind since its last success; nil if the last request succeeded, on whichever loop.
    func current(_ kind: UpstreamMetrics.Kind) -> UpstreamTrouble? {
        guard let trouble = troubles[Int(kind.rawValue)], trouble.last >= successes[Int(kind.rawValue)] else {
            return nil
        }
        return trouble
    }

    mutating func merge(_ other: UpstreamTroubles) {
        for index in troubles.indices {
            successes[index] = max(successes[index], other.successes[index])
            guard let theirs = other.troubles[index] else { continue }
            if troubles[index] == nil { troubles[index] = theirs } else { troubles[index]?.merge(theirs) }
        }
    }
}

/// The keys that upstream refuses, by the first half of their digests; 0 stands for no key.
struct RefusedKeys: Sendable {
    /// A refused key.
    struct Refusal: Sendable, Equatable {
        /// The first half of the key's digest.
        var key: UInt64
        /// 401 or 403.
        var status: Int
        /// When it was first refused, in Unix seconds.
        var since: Int64
        /// When it was last refused.
        var last: Int64
    }

    /// The most keys that are remembered. Callers choose their keys, so there must be a limit.
    static let most = 32

    /// The refused keys, in the order in which they were first refused.
    private(set) var all: [Refusal] = []

    /// Upstream has refused a key.
    mutating func refused(_ key: UInt64, status: Int, at time: Int64) {
        add(Refusal(key: key, status: status, since: time, last: time))
    }

    /// Upstream has accepted a key.
    mutating func accepted(_ key: UInt64) { all.removeAll { $0.key == key } }

    mutating func merge(_ other: RefusedKeys) {
        for refusal in other.all { add(refusal) }
    }

    private mutating func add(_ refusal: Refusal) {
        if let index = all.firstIndex(where: { $0.key == refusal.key }) {
            all[index].since = min(all[index].since, refusal.since)
            if refusal.last >= all[index].last {
                all[index].last = refusal.last
                all[index].status = refusal.status
            }
            return
        }
        if all.count == Self.most, let oldest = all.indices.min(by: { all[$0].last < all[$1].last }) {
            all.remove(at: oldest)
        }
        all.append(refusal)
    }
}
