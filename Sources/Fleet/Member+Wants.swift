// Getting a resource.
extension Member {
    /// The resource is needed. Returns the want to which the answer will belong: a new one, or one that is under way.
    package mutating func wanted(
        _ resource: FleetResource, _ request: WantRequest, _ moment: Moment
    ) -> (ticket: Ticket, actions: [MemberAction]) {
        if let ticket = wants.open(resource.id) {
            _ = wants.change(ticket) { want in
                if request.hasCallers { want.machine.callerJoined(now: moment.now) }
                want.request.oldest = min(want.request.oldest, request.oldest)
            }
            return (ticket, taken())
        }
        let isFollowed = generations.follow(resource)
        let machine = WantStateMachine(limits: limits, hasCallers: request.hasCallers, now: moment.now)
        let ticket = wants.add(Wants.Want(resource: resource, request: request, machine: machine))
        let isKnown = generations.unread(of: resource).isEmpty
        let isLinkUp = link.isUp && isFollowed
        step(ticket, moment) { $0.began(isLinkUp: isLinkUp, knowsGenerations: isKnown, now: moment.now) }
        return (ticket, taken())
    }

    /// The fetch of this want has ended. Its callers get `answer` first.
    package mutating func fetched(_ ticket: Ticket, _ result: FetchResult, _ moment: Moment) -> [MemberAction] {
        guard let want = wants[ticket], case .fetching = want.machine.state else { return [] }
        let isCurrent = generations.drops(of: want.resource) == want.drops && !want.isWithdrawn
        actions.append(.answer(ticket, keeps: isCurrent))
        switch result {
        // A copy comes into memory, perhaps after the earlier ones were forgotten.
        case .copy, .unshared: if isCurrent { _ = generations.follow(want.resource) }
        case .refused, .nothing, .failed: break
        }
        let outcome: WantStateMachine.Outcome
        switch result {
        case .copy(let facts, let body):
            outcome = prepare(ticket, facts, body, isCurrent: isCurrent, moment)
        case .unshared: outcome = .unshared
        case .refused, .nothing: outcome = .refused
        case .failed(let pause): outcome = .failed(pause: pause)
        }
        let isLinkUp = link.isUp
        step(ticket, moment) { $0.fetched(outcome, isLinkUp: isLinkUp, now: moment.now) }
        if case .refused = result, let owner = want.resource.owner {
            actions = taken() + refused(owner, moment)
        }
        return taken()
    }

    /// Makes the record of a fetched copy, if the fleet may have it.
    private mutating func prepare(
        _ ticket: Ticket, _ facts: CopyFacts, _ body: [UInt8], isCurrent: Bool, _ moment: Moment
    ) -> WantStateMachine.Outcome {
        guard let want = wants[ticket] else { return .unshared }
        guard isCurrent, let stamp = want.stamp, generations.stamp(of: want.resource) == stamp else { return .outdated }
        guard facts.fits, facts.owner == want.resource.owner, facts.freshFor > 0, body.count <= limits.longestValue
        else { return .unshared }
        let sealed = sealer.sealBody(body, isPrivate: facts.owner != nil)
        let record = CopyRecord(
            stamp: stamp, fetchedAt: moment.wall, keptFor: max(facts.freshFor, facts.usableFor), facts: facts,
            digest: sealed.digest, size: UInt32(clamping: sealed.bytes.count))
        _ = wants.change(ticket) { $0.storing = (record, sealed.bytes) }
        return .copy
    }

    /// The copy may no longer be shared or kept: the engine's record is deleted, then `withdrawn` comes. If the engine cannot
    /// be reached, `withdrawn` comes at once, and the record is deleted when it can. Report the fetch that says so first.
    package mutating func withdraw(_ resource: FleetResource, _ moment: Moment) -> [MemberAction] {
        withdrawals.insert(resource.id)
        savePending()
        if link.isUp {
            unreportedWithdrawals.insert(resource.id)
            deleteWithdrawn(resource.id, moment)
        }
        // After the deletion, or a want that reads the record again would find it.
        outdateCopy(resource.id, moment)
        return link.isUp ? taken() : taken() + [.withdrawn(resource.id)]
    }

    /// A record was stored that is withdrawn already.
    mutating func withdrawAgain(_ id: Identifier, _ moment: Moment) {
        withdrawals.insert(id)
        savePending()
        deleteWithdrawn(id, moment)
    }

    /// Deletes the record, and then numbers the withdrawal, which notifies the others.
    mutating func deleteWithdrawn(_ id: Identifier, _ moment: Moment) {
        send(.delete(namespace.record(id)), for: .withdraw(id), moment)
        compare(.withdrawal(id), moment)
    }

    /// The engine has answered the deletion.
    mutating func reportWithdrawal(_ id: Identifier) {
        if unreportedWithdrawals.remove(id) != nil { actions.append(.withdrawn(id)) }
    }

    /// The commands that number a withdrawal, given what the key holds.
    mutating func numberWithdrawal(
        _ id: Identifier, after value: Generation?, _ moment: Moment
    ) -> [EngineCommand] {
        let (number, previous) = generations.nextWithdrawal(after: value, wall: moment.wall)
        pendingReplies.withdrawal = (number, previous)
        return [
            // Stored since it was first deleted, perhaps. A record that comes after this sees the number.
            .delete(namespace.record(id)),
            .set(
                namespace.generation(.withdrawals), Generation(number: number).encoded,
                milliseconds: Limits.generationLife, onlyIfAbsent: false),
            announcement(.withdrawn(id, number: number, previous: previous)),
        ]
    }

    /// A withdrawal has this number, and its copy is not in memory any more.
    mutating func adoptWithdrawal(number: UInt64, previous: UInt64, _ moment: Moment) {
        let reading = generations.withdrew(number: number, previous: previous)
        adopt(.withdrawals, Generation(number: number, keeps: previous), reading, moment)
        if reading == .mustWrite, link.isUp { read(.withdrawals, moment) }
    }

    /// What was read or is being fetched of this resource was withdrawn.
    mutating func outdateCopy(_ id: Identifier, _ moment: Moment) {
        for ticket in wants.tickets(of: id) {
            guard let want = wants[ticket] else { continue }
            _ = wants.change(ticket) { $0.isWithdrawn = true }
            let isKnown = generations.unread(of: want.resource).isEmpty
            step(ticket, moment) { $0.outdated(knowsGenerations: isKnown, now: moment.now) }
        }
    }

    /// Copies of this owner are in memory: its generation is followed. Copies that are older than it are dropped.
    package mutating func follow(_ owner: Identifier, _ moment: Moment) -> [MemberAction] {
        guard generations.follow(FleetResource(id: owner, owner: owner)), link.isUp,
            generations.number(.owner(owner)) == nil
        else { return taken() }
        read(.owner(owner), moment)
        return taken()
    }

    /// No copy of this owner is in memory any more. Its generation is followed again when a resource of it is wanted. While
    /// one is wanted, and until the engine has a purge of it, it is still followed.
    package mutating func forget(_ owner: Identifier) {
        generations.release(owner)
        forgetUnused(owner)
    }

    /// Follows an owner no longer who has neither copies nor wants: the number of owners that can be followed is limited.
    mutating func forgetUnused(_ owner: Identifier) {
        guard !generations.holds(owner), !wants.includes(owner) else { return }
        generations.forget(owner)
    }

    // MARK: The machine's actions

    /// Reports an event to the machine of a want, if it is not over, and performs what it says.
    mutating func step(
        _ ticket: Ticket, _ moment: Moment, _ event: (inout WantStateMachine) -> [WantStateMachine.Action]
    ) {
        let changed = wants.change(ticket) { want in
            let hasWaited = want.machine.isWaiting
            return (steps: event(&want.machine), beginsToWait: !hasWaited && want.machine.isWaiting)
        }
        guard let (steps, beginsToWait) = changed else { return }
        if beginsToWait { counts.waits += 1 }
        for step in steps { perform(step, of: ticket, moment) }
    }

    private func token(_ ticket: Ticket) -> LeaseToken { LeaseToken(member: name, serial: ticket.number) }

    private mutating func perform(_ step: WantStateMachine.Action, of ticket: Ticket, _ moment: Moment) {
        guard let want = wants[ticket] else { return }
        let resource = want.resource
        switch step {
        case .askGenerations:
            // What it asked before no longer counts.
            _ = newRound(ticket)
            for scope in generations.unread(of: resource) {
                if generations.isPending(scope) { compare(.raise(scope), moment) } else { read(scope, moment) }
            }
        case .askRecord:
            let round = newRound(ticket)
            readRecord(of: resource, ticket, round, moment)
        case .askBody:
            let round = newRound(ticket)
            guard let record = want.record else { return }
            send(.get(namespace.body(record.digest)), for: .body(ticket, round: round), moment)
        case .askLease:
            let round = newRound(ticket)
            let lease = EngineCommand.set(
                namespace.lease(resource.id), token(ticket).encoded, milliseconds: limits.leaseDuration,
                onlyIfAbsent: true)
            send(lease, for: .lease(ticket, resource.id, round: round), moment)
            readRecord(of: resource, ticket, round, moment)
        case .askHolder:
            let round = newRound(ticket)
            send(.get(namespace.lease(resource.id)), for: .holder(ticket, round: round), moment)
            send(.remaining(namespace.lease(resource.id)), for: .holderLife(ticket, round: round), moment)
        case .replaceLease(let earlier):
            _ = newRound(ticket)
            let write = EngineCommand.set(
                namespace.lease(resource.id), token(ticket).encoded, milliseconds: limits.leaseDuration,
                onlyIfAbsent: false)
            let comparison = LeaseComparison(
                ticket: ticket, resource: resource.id, expected: earlier, writes: [write], isTakeover: true)
            compare(.lease(comparison), moment)
        case .fetch(let limit, let ground):
            let stamp = generations.stamp(of: resource)
            let drops = generations.drops(of: resource)
            let lastWithdrawal = generations.number(.withdrawals)
            _ = newRound(ticket)
            _ = wants.change(ticket) {
                $0.stamp = stamp
                $0.drops = drops
                $0.isWithdrawn = false
                $0.lastWithdrawal = lastWithdrawal
            }
            actions.append(.fetch(ticket, resource, limit: limit, ground))
        case .take:
            guard let record = want.record else { return }
            _ = generations.follow(resource)
            actions.append(.take(ticket, resource, Taken(record: record, age: want.age, body: want.bytes)))
        case .storeBody: storeBody(ticket, want, moment)
        case .commit:
            guard let storing = want.storing else { return }
            let key = namespace.record(resource.id)
            let write = EngineCommand.set(
                key, sealer.seal(storing.record.encoded(), for: key), milliseconds: max(1, storing.record.keptFor),
                onlyIfAbsent: false)
            var writes = [write]
            if let owner = resource.owner {
                writes.append(.expire(namespace.generation(.owner(owner)), milliseconds: Limits.generationLife))
            }
            settle(ticket, resource, writes: writes, news: .stored(resource.id), moment)
        case .release(let ending):
            let token = token(ticket)
            let news: News =
                switch ending {
                case .lookAgain: .ended(resource.id, token: token, fetchAlone: false)
                case .fetchAlone: .ended(resource.id, token: token, fetchAlone: true)
                case .failed(let pause): .failed(resource.id, token: token, pause: pause)
                }
            settle(ticket, resource, writes: [], news: news, moment)
        case .backOff(let pause): actions.append(.backOff(ticket, resource.id, milliseconds: pause))
        case .giveUp: actions.append(.giveUp(ticket))
        case .finish:
            wants.remove(ticket)
            if let owner = resource.owner { forgetUnused(owner) }
        }
    }

    private mutating func newRound(_ ticket: Ticket) -> Int {
        wants.change(ticket) {
            $0.round += 1
            $0.bytes = nil
            return $0.round
        } ?? 0
    }

    /// Reads what is left of the record's time, then the record. If another record is stored between the two, it looks
    /// too old, which does no harm; in the other order an old record would look new.
    private mutating func readRecord(of resource: FleetResource, _ ticket: Ticket, _ round: Int, _ moment: Moment) {
        let key = namespace.record(resource.id)
        send(.remaining(key), for: .recordLife(ticket, round: round), moment)
        send(.get(key), for: .record(ticket, round: round), moment)
    }

    /// Stores the body, unless the engine's record already names it: then the body's life is extended.
    private mutating func storeBody(_ ticket: Ticket, _ want: Wants.Want, _ moment: Moment) {
        guard let storing = want.storing else { return }
        let key = namespace.body(storing.record.digest)
        // The body lives a little longer than the record that names it.
        let life = storing.record.keptFor + limits.leaseDuration
        if want.record?.digest == storing.record.digest {
            _ = wants.change(ticket) { $0.record = nil }
            send(.expire(key, milliseconds: life), for: .extendBody(ticket), moment)
        } else {
            send(
                .set(key, storing.body, milliseconds: life, onlyIfAbsent: false), for: .storeBody(ticket), moment)
        }
    }

    /// The body whose life was to be extended is not there.
    mutating func storeMissingBody(_ ticket: Ticket, _ moment: Moment) {
        guard let want = wants[ticket] else { return }
        storeBody(ticket, want, moment)
    }

    /// Ends a lease with these writes, if it is still held.
    private mutating func settle(
        _ ticket: Ticket, _ resource: FleetResource, writes: [EngineCommand], news: News, _ moment: Moment
    ) {
        let comparison = LeaseComparison(
            ticket: ticket, resource: resource.id, expected: token(ticket),
            writes: writes + release(resource.id, news: news), stores: !writes.isEmpty)
        compare(.lease(comparison), moment)
    }

    func release(_ resource: Identifier, news: News) -> [EngineCommand] {
        [.delete(namespace.lease(resource)), announcement(news)]
    }

    /// Releases a lease that was granted too late: its want does without it.
    mutating func releaseUnused(_ ticket: Ticket, _ resource: Identifier, _ moment: Moment) {
        let token = token(ticket)
        let writes = release(resource, news: .ended(resource, token: token, fetchAlone: false))
        compare(
            .lease(LeaseComparison(ticket: nil, resource: resource, expected: token, writes: writes)), moment)
    }
}
