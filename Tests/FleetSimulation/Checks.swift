import Fleet

/// What has happened, in true time, and whether it was allowed.
struct Checks {
    /// A lease that the engine keeps.
    struct Lease {
        var token: LeaseToken
        var grantedAt: UInt64
        var expiresAt: UInt64
    }

    private(set) var violation: Violation?
    private var leases: [EngineKey: Lease] = [:]
    /// When the engine last lost leases.
    private var lostAt: [EngineKey: UInt64] = [:]
    private var allLostAt: UInt64?
    private var usedTokens: Set<LeaseToken> = []
    /// The purges that the engine has taken: of this scope, with this number, begun then.
    private var raised: [(scope: Scope, number: UInt64, began: UInt64, replica: Int, at: UInt64)] = []
    /// For each replica: since when it confirms that nothing of this scope is older.
    private var confirmed: [[(scope: Scope, since: UInt64, began: UInt64)]]
    /// The records that the engine was given, and when it first deleted one at a member's request.
    private var written: [EngineKey: [(record: CopyRecord, at: UInt64)]] = [:]
    private var deletedAt: [EngineKey: UInt64] = [:]
    /// The withdrawals that the engine has numbered, with the time of the deletion.
    private var numbered: [(key: EngineKey, number: UInt64, deleted: UInt64)] = []
    /// For each replica: the deletions that it has heard of.
    private var heardOf: [[EngineKey: UInt64]]
    /// When upstream was last asked for each resource, since the faults have ended.
    private var lastFetch: [Int: UInt64] = [:]
    private let limits: Limits

    init(replicas: Int, limits: Limits) {
        confirmed = Array(repeating: [], count: replicas)
        heardOf = Array(repeating: [:], count: replicas)
        self.limits = limits
    }

    mutating func violated(_ invariant: Int, _ now: UInt64, _ what: @autoclosure () -> String) {
        if violation == nil { violation = Violation(invariant: invariant, at: now, what: what()) }
    }

    // MARK: 1: leases

    mutating func engineLost(_ key: EngineKey?, _ now: UInt64) {
        // With their key the numbers are lost for those who did not know them yet.
        if key?.name.hasSuffix(":g:withdrawals") ?? true { numbered = [] }
        if let key {
            leases[key] = nil
            lostAt[key] = now
        } else {
            leases = [:]
            allLostAt = now
        }
    }

    mutating func leaseWritten(_ key: EngineKey, _ bytes: [UInt8], expiresAt: UInt64, now: UInt64) {
        guard let token = LeaseToken(decoding: bytes) else { return violated(1, now, "a lease without a token") }
        if let lease = leases[key], lease.token != token, now < lease.expiresAt, now < lease.grantedAt + limits.patience
        {
            violated(1, now, "a second live lease for \(key.name), \(now - lease.grantedAt) ms after the first")
        }
        leases[key] = Lease(token: token, grantedAt: now, expiresAt: expiresAt)
    }

    mutating func leaseDeleted(_ key: EngineKey, _ bytes: [UInt8], by member: Identifier, now: UInt64) {
        if LeaseToken(decoding: bytes)?.member != member { violated(1, now, "a lease released by another member") }
        leases[key] = nil
    }

    mutating func fetchBegan(
        _ resource: Int, key: EngineKey, token: LeaseToken, ground: WantStateMachine.Ground, isQuiet: Bool, now: UInt64
    ) {
        switch ground {
        case .lease(let until):
            if !usedTokens.insert(token).inserted { violated(1, now, "upstream is asked twice under one lease") }
            // A lease that the engine lost was granted, if at all, before that.
            let lost = max(allLostAt ?? 0, lostAt[key] ?? 0)
            let mayBeLost = lost > 0 && lost + limits.leaseDuration >= until - limits.leaseDuration
            if leases[key]?.token != token || now >= leases[key]?.expiresAt ?? 0, !mayBeLost {
                violated(1, now, "upstream is asked for \(resource) under a lease that is not held")
            }
        case .alone(let reason):
            if isQuiet {
                violated(1, now, "upstream is asked for \(resource) without a lease (\(reason)) and without a fault")
            }
        }
        if isQuiet, let last = lastFetch[resource], now < last + World.resources[resource].lifetime {
            violated(
                1, now, "upstream is asked for \(resource) \(now - last) ms after the last time, within its lifetime")
        }
        // What was fetched alone among the faults is not the fleet's, and does not count.
        if isQuiet { lastFetch[resource] = now }
    }

    // MARK: 2: purges

    /// A replica has written a number, for a purge that began then.
    mutating func generationRaised(_ scope: Scope, number: UInt64, began: UInt64, by replica: Int, now: UInt64) {
        raised.append((scope, number, began, replica, now))
    }

    mutating func confirms(_ replica: Int, _ scope: Scope, upTo number: UInt64, now: UInt64) {
        // The others drop what they have once they know the number. Who wrote it keeps what it has got since its purge.
        let moments = raised.lazy.filter { $0.scope == scope && $0.number <= number }
            .map { $0.replica == replica ? $0.began : $0.at }
        guard let began = moments.max() else { return }
        confirms(replica, scope, began: began, now: now)
    }

    mutating func confirms(_ replica: Int, _ scope: Scope, began: UInt64, now: UInt64) {
        confirmed[replica].append((scope, now, began))
    }

    mutating func reported(_ scope: Scope, began: UInt64, _ report: PurgeReport, now: UInt64) {
        let count = confirmed.count { $0.contains { $0.scope == scope && $0.began >= began } }
        if report.confirmed > count {
            violated(2, now, "a purge is said to be confirmed by \(report.confirmed) replicas, and is by \(count)")
        }
    }

    // MARK: 2: withdrawn copies

    mutating func recordWritten(_ key: EngineKey, _ record: CopyRecord, _ now: UInt64) {
        written[key, default: []].append((record, now))
    }

    mutating func recordDeleted(_ key: EngineKey, _ now: UInt64) {
        if deletedAt[key] == nil { deletedAt[key] = now }
    }

    mutating func withdrawalNumbered(_ key: EngineKey, _ number: UInt64) {
        if let deleted = deletedAt[key] { numbered.append((key, number, deleted)) }
    }

    /// A replica that knows the number of a withdrawal, by its message or from the engine, serves nothing older.
    mutating func servedAfterWithdrawal(
        _ content: Content, _ key: EngineKey, by replica: Int, knows number: UInt64, now: UInt64
    ) {
        guard
            let withdrawal = numbered.first(where: {
                $0.key == key && $0.number <= number && content.begun < $0.deleted
            })
        else { return }
        violated(
            2, now,
            "replica \(replica) serves what was fetched at \(content.begun), and knows of its withdrawal at \(withdrawal.deleted)"
        )
    }

    mutating func hearsOfWithdrawal(_ replica: Int, _ key: EngineKey) {
        heardOf[replica][key] = deletedAt[key]
    }

    mutating func takes(_ replica: Int, _ key: EngineKey, _ record: CopyRecord, now: UInt64) {
        guard let deleted = heardOf[replica][key],
            let stored = written[key]?.last(where: { $0.record == record })?.at, stored < deleted
        else { return }
        violated(
            2, now,
            "replica \(replica) takes a copy stored at \(stored), and has heard that it was withdrawn at \(deleted)")
    }

    // MARK: 2 and 3: what is served

    mutating func served(
        _ content: Content, to caller: Caller, by replica: Int, isFresh: Bool, isQuiet: Bool, now: UInt64
    ) {
        let wanted = World.resources[caller.resource]
        if content.resource != caller.resource || content.owner != wanted.owner {
            violated(3, now, "replica \(replica) serves \(content) to a caller of resource \(caller.resource)")
        }
        for (scope, since, began) in confirmed[replica]
        where since <= caller.at && content.begun < began && wanted.resource.isWithin(scope) {
            violated(
                2, now,
                "replica \(replica) serves what was fetched at \(content.begun), and confirmed at \(since) a purge of \(began)"
            )
        }
        // A fetch that began among the faults may have taken as long as a fetch may.
        let lateness = World.lateness + (content.begun <= Scenario.faultsEnd ? limits.upstreamTimeout : 0)
        if isQuiet, isFresh, now > content.begun + wanted.lifetime + lateness {
            violated(
                5, now,
                "replica \(replica) takes a copy of resource \(caller.resource) for fresh at the age of \(now - content.begun) ms"
            )
        }
    }

    // MARK: 4: waits and statuses

    mutating func waits(_ replica: Int, since: UInt64, resource: Int, now: UInt64) {
        if now > since + limits.upstreamTimeout + limits.fleetTimeout {
            violated(4, now, "a caller of replica \(replica) for \(resource) waits since \(since)")
        }
    }

    mutating func failed(_ caller: Caller, by replica: Int, upstreamWasWell: Bool, now: UInt64) {
        if upstreamWasWell {
            violated(
                4, now, "replica \(replica) answers a caller for \(caller.resource) with an error, and upstream is well"
            )
        }
    }
}
