/// Decides what one member does to get one resource: whether it takes the fleet's copy, fetches under a lease, waits for
/// another member's fetch, or fetches alone.
///
/// It is pure: it holds no bytes and no connection. Its owner reports each event and performs the returned actions. An event
/// that cannot happen in a state stops debug builds with its name; release builds ignore it. Replies to what is no longer
/// waited for are not reported.
package struct WantStateMachine: Sendable {
    /// After a purge or a withdrawal, a want that reads or waits without the lease begins again with `askingGenerations` or
    /// `askingRecord`, and a fetch continues without the lease.
    package enum State: Equatable, Sendable {
        /// Next: `askingGenerations`, `askingRecord`, `fetching`.
        case begun
        /// A generation is read. Next: `askingRecord`, `fetching`.
        case askingGenerations
        /// The record is read. Next: `askingBody`, `askingLease`, `fetching`, `over`.
        case askingRecord
        /// There is a fresh record, and its body is read. Next: `askingRecord`, `askingLease`, `releasing`, `fetching`, `over`.
        case askingBody(isHeld: Bool)
        /// The lease was asked for, and the record is read again. Next: `fetching`, `askingBody`, `askingHolder`,
        /// `releasing`, `over`.
        case askingLease
        /// Another has the lease: it is read who, and for how long. Next: `waiting`, `askingRecord`, `fetching`.
        case askingHolder
        /// Another member fetches. Next: `askingRecord`, `takingOver`, `fetching`, `over`.
        case waiting(for: LeaseToken, until: UInt64, patience: UInt64)
        /// The lease is old, and this member replaces it by its own. Next: `fetching`, `askingHolder`, `over`.
        case takingOver
        /// Upstream is asked. Next: `storing`, `releasing`, `over`.
        case fetching(Ground)
        /// The body is written to the engine. Next: `committing`, `releasing`, `over`.
        case storing
        /// The record is stored, the news published and the lease released, if the lease is still held. Next: `over`.
        case committing
        /// The lease is released, if it is still held. Next: `over`.
        case releasing
        /// Final.
        case over
    }

    package private(set) var state = State.begun
    /// Since when callers wait; nil for a refresh behind a stale copy.
    package private(set) var callersSince: UInt64?
    private let limits: Limits
    /// When the engine must have answered.
    private var talkEnds: UInt64 = 0
    /// When the lease was first asked for under the present token.
    private var leaseAsked: UInt64?
    /// Whether news came that a reply on the way may not know of.
    private var hasNews = false
    /// Whether the record that is on the way, or the copy that is being stored, was purged or withdrawn meanwhile.
    private var isOutdated = false

    /// `hasCallers` is false for a refresh behind a stale copy.
    package init(limits: Limits, hasCallers: Bool, now: UInt64) {
        self.limits = limits
        callersSince = hasCallers ? now : nil
    }

    // MARK: What its owner asks

    /// Whether it can still bring something to a caller that comes now. After a purge a fetch cannot.
    package var isOpen: Bool {
        switch state {
        case .begun, .askingGenerations, .askingRecord, .askingBody, .askingLease, .askingHolder, .waiting, .takingOver:
            true
        case .fetching(let ground): ground != .alone(.outdated)
        case .storing, .committing, .releasing, .over: false
        }
    }

    /// Whether it does nothing more until the engine has answered, however long that takes.
    var needsReply: Bool {
        switch state {
        case .storing, .committing, .releasing: true
        case .begun, .askingGenerations, .askingRecord, .askingBody, .askingLease, .askingHolder, .waiting, .takingOver,
            .fetching, .over:
            false
        }
    }

    /// Whether another member fetches.
    var isWaiting: Bool { if case .waiting = state { true } else { false } }

    private var boundAt: UInt64? { callersSince.map { $0 + limits.bound } }

    /// When to call `timePassed`.
    package var deadline: UInt64? {
        switch state {
        case .askingGenerations, .askingRecord, .askingBody, .askingLease, .askingHolder, .takingOver:
            return min(talkEnds, boundAt ?? .max)
        case .waiting(_, let until, let patience):
            guard let boundAt else { return until }
            return min(until, patience, boundAt)
        case .begun, .fetching, .storing, .committing, .releasing, .over: return nil
        }
    }

    // MARK: Asking

    /// Begins. `isLinkUp`: the engine is in use. `knowsGenerations`: those of the resource were read.
    package mutating func began(isLinkUp: Bool, knowsGenerations: Bool, now: UInt64) -> [Action] {
        guard state == .begun else { return impossible("began", []) }
        guard isLinkUp else { return fetchAlone(.linkDown, now: now) }
        talkEnds = now + limits.fleetTimeout
        if knowsGenerations { return look() }
        state = .askingGenerations
        return [.askGenerations]
    }

    /// The generations of the resource are known.
    package mutating func learnedGenerations(now: UInt64) -> [Action] {
        guard state == .askingGenerations else { return [] }
        return look()
    }

    private mutating func look() -> [Action] {
        hasNews = false
        isOutdated = false
        state = .askingRecord
        return [.askRecord]
    }

    /// Looks again after a wait: the time for replies starts anew.
    private mutating func lookAgain(now: UInt64) -> [Action] {
        talkEnds = now + limits.fleetTimeout
        return look()
    }

    /// The record was read.
    package mutating func readRecord(_ record: Record, now: UInt64) -> [Action] {
        guard state == .askingRecord else { return impossible("readRecord", []) }
        switch record {
        case .fresh(let needsBody): return take(needsBody: needsBody, holdsLease: false)
        case .none: return askLease(now: now)
        }
    }

    private mutating func askLease(now: UInt64) -> [Action] {
        state = .askingLease
        leaseAsked = leaseAsked ?? now
        hasNews = false
        isOutdated = false
        return [.askLease]
    }

    private mutating func take(needsBody: Bool, holdsLease: Bool) -> [Action] {
        if needsBody {
            state = .askingBody(isHeld: holdsLease)
            return [.askBody]
        }
        if holdsLease {
            state = .releasing
            return [.take, .release(.lookAgain)]
        }
        state = .over
        return [.take, .finish]
    }

    /// The body was read; false if it is missing or not the one that the record names.
    package mutating func readBody(isUsable: Bool, now: UInt64) -> [Action] {
        guard case .askingBody(let holdsLease) = state else { return impossible("readBody", []) }
        if isUsable { return take(needsBody: false, holdsLease: holdsLease) }
        return holdsLease ? fetchUnderLease(now: now) : askLease(now: now)
    }

    /// The engine has answered whether the lease is granted, and what the record is by now.
    package mutating func askedLease(isGranted: Bool, _ record: Record, now: UInt64) -> [Action] {
        guard state == .askingLease else { return impossible("askedLease", []) }
        // Another member may have stored between the first reading and this.
        if case .fresh(let needsBody) = record, !isOutdated { return take(needsBody: needsBody, holdsLease: isGranted) }
        if isGranted { return fetchUnderLease(now: now) }
        state = .askingHolder
        return [.askHolder]
    }

    /// Upstream is asked only while the lease is certainly held: the engine counts from later than the question, and no
    /// member takes over a lease that is younger than `patience`.
    private mutating func fetchUnderLease(now: UInt64) -> [Action] {
        let asked = leaseAsked ?? now
        guard now < asked + limits.patience else { return [.release(.lookAgain)] + fetchAlone(.engineFailed, now: now) }
        let ends = asked + limits.leaseDuration
        return fetch(.lease(until: ends), limit: min(fetchLimit(now: now), ends - now - 1))
    }

    private mutating func fetch(_ ground: Ground, limit: UInt64) -> [Action] {
        state = .fetching(ground)
        isOutdated = false
        return [.fetch(limit: limit, ground)]
    }

    private mutating func fetchAlone(_ reason: Reason, now: UInt64) -> [Action] {
        fetch(.alone(reason), limit: fetchLimit(now: now))
    }

    /// What is left of the callers' time.
    private func fetchLimit(now: UInt64) -> UInt64 {
        guard let callersSince else { return limits.upstreamTimeout }
        let end = callersSince + limits.upstreamTimeout + limits.fleetTimeout
        return min(limits.upstreamTimeout, end > now ? end - now : 1)
    }

    /// The engine has answered who holds the lease, and for how many milliseconds; nil if no member does. `isOwn`: this want
    /// does; an earlier reply was lost.
    package mutating func readHolder(
        _ holder: (token: LeaseToken, remaining: UInt64)?, isOwn: Bool, _ moment: Moment
    ) -> [Action] {
        guard state == .askingHolder else { return impossible("readHolder", []) }
        if holder != nil, isOwn { return fetchUnderLease(now: moment.now) }
        leaseAsked = nil
        guard let holder else { return look() }
        if hasNews { return look() }
        let remaining = min(holder.remaining, limits.leaseDuration)
        let jitter = limits.jitter(moment.chance)
        let patience = moment.now + remaining + limits.patience
        state = .waiting(
            for: holder.token, until: moment.now + remaining + jitter + 1,
            patience: max(moment.now, patience > limits.leaseDuration ? patience - limits.leaseDuration : 0) + jitter)
        return []
    }

    /// The own lease was put in place of the old one, or not, since another member was first.
    package mutating func tookOver(_ isDone: Bool, now: UInt64) -> [Action] {
        guard state == .takingOver else { return impossible("tookOver", []) }
        if isDone { return fetchUnderLease(now: now) }
        state = .askingHolder
        return [.askHolder]
    }

    // MARK: Waiting

    /// A message speaks of the resource.
    package mutating func heard(_ word: Word, now: UInt64) -> [Action] {
        switch state {
        case .waiting(let token, _, _):
            switch word {
            case .stored: return lookAgain(now: now)
            case .failed(token, let pause):
                state = .over
                return [.backOff(pause), .finish]
            case .ended(token, fetchAlone: true) where callersSince != nil: return fetchAlone(.notShared, now: now)
            case .ended(token, fetchAlone: true):
                state = .over
                return [.giveUp, .finish]
            case .ended(token, fetchAlone: false): return lookAgain(now: now)
            // About another lease than the one that is waited for.
            case .failed, .ended: return []
            }
        case .askingRecord, .askingBody, .askingLease, .askingHolder, .takingOver:
            hasNews = true
            return []
        case .begun, .askingGenerations, .fetching, .storing, .committing, .releasing, .over: return []
        }
    }

    /// The deadline may have come.
    package mutating func timePassed(now: UInt64) -> [Action] {
        guard let deadline, now >= deadline else { return [] }
        if let boundAt, now >= boundAt { return fetchAlone(.bound, now: now) }
        switch state {
        case .waiting(let token, let until, _):
            if now >= until { return lookAgain(now: now) }
            state = .takingOver
            talkEnds = now + limits.fleetTimeout
            leaseAsked = now
            return [.replaceLease(token)]
        case .askingGenerations, .askingRecord, .askingBody, .askingLease, .askingHolder, .takingOver:
            return fetchAlone(.engineFailed, now: now)
        case .begun, .fetching, .storing, .committing, .releasing, .over: return []
        }
    }

    /// A caller waits for the resource from now on, where none did.
    package mutating func callerJoined(now: UInt64) {
        if callersSince == nil { callersSince = now }
    }

    // MARK: Fetching

    /// The fetch has ended. Its callers are answered already. Without the link nothing can be stored or released: the
    /// engine ends the lease by itself.
    package mutating func fetched(_ outcome: Outcome, isLinkUp: Bool, now: UInt64) -> [Action] {
        guard case .fetching(let ground) = state else { return impossible("fetched", []) }
        guard case .lease(let ends) = ground, now < ends, isLinkUp else {
            state = .over
            return [.finish]
        }
        switch outcome {
        case .copy:
            state = .storing
            return [.storeBody]
        case .outdated, .refused: return release(.lookAgain)
        case .unshared: return release(.fetchAlone)
        case .failed(let pause): return release(.failed(pause: pause))
        }
    }

    private mutating func release(_ ending: Ending) -> [Action] {
        state = .releasing
        return [.release(ending)]
    }

    /// The engine has the body; false if it did not take it.
    package mutating func storedBody(_ isDone: Bool) -> [Action] {
        guard state == .storing else { return impossible("storedBody", []) }
        if isOutdated { return release(.lookAgain) }
        guard isDone else { return release(.fetchAlone) }
        state = .committing
        return [.commit]
    }

    /// The transaction that ends the lease is done, or the lease was no longer held.
    package mutating func settled() -> [Action] {
        switch state {
        case .committing, .releasing:
            state = .over
            return [.finish]
        case .begun, .askingGenerations, .askingRecord, .askingBody, .askingLease, .askingHolder, .waiting, .takingOver,
            .fetching, .storing, .over:
            return impossible("settled", [])
        }
    }

    // MARK: What can happen at any time

    /// The link was lost (`isLinkDown`), or the engine has answered this want with an error.
    package mutating func engineFailed(isLinkDown: Bool, now: UInt64) -> [Action] {
        switch state {
        case .askingGenerations, .askingRecord, .askingBody, .askingLease, .askingHolder, .waiting, .takingOver:
            return fetchAlone(isLinkDown ? .linkDown : .engineFailed, now: now)
        case .storing where !isLinkDown, .committing where !isLinkDown: return release(.fetchAlone)
        case .storing, .committing, .releasing:
            state = .over
            return [.finish]
        case .begun, .fetching, .over: return []
        }
    }

    /// A purge or a withdrawal has made what is under way useless for callers to come.
    package mutating func outdated(knowsGenerations: Bool, now: UInt64) -> [Action] {
        switch state {
        case .askingRecord, .askingBody(isHeld: false), .askingHolder, .waiting, .askingGenerations:
            // Only after a wait for another member does the time for replies start anew: an engine that changes its
            // generations again and again must not keep callers.
            if isWaiting { talkEnds = now + limits.fleetTimeout }
            if knowsGenerations { return look() }
            state = .askingGenerations
            return [.askGenerations]
        // A lease is good for the new generation too; the record that was read under it is not.
        case .askingBody(isHeld: true): return fetchUnderLease(now: now)
        case .askingLease, .storing:
            isOutdated = true
            return []
        case .takingOver: return []
        case .fetching(.lease):
            state = .fetching(.alone(.outdated))
            return [.release(.lookAgain)]
        case .fetching(.alone):
            state = .fetching(.alone(.outdated))
            return []
        case .begun, .committing, .releasing, .over: return []
        }
    }

    private func impossible<Result>(_ event: StaticString, _ result: Result) -> Result {
        assertionFailure("WantStateMachine: \(event) with \(state)")
        return result
    }
}
