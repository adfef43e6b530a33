import Fleet
import TestSupport

// What a replica's glue does.
extension World {
    func moment(_ replica: Int, chance: Double) -> Moment {
        let wall = Int64(1_700_000_000_000) + Int64(now) + replicas[replica].clock
        return Moment(now: now, wall: UInt64(wall), chance: chance)
    }

    mutating func moment(_ replica: Int) -> Moment {
        let chance = streams[Stream.moments + replica].chance()
        return moment(replica, chance: chance)
    }

    /// Performs a member's actions and sets its timer.
    mutating func perform(_ actions: [MemberAction], _ replica: Int, fetched: Content? = nil) {
        for action in actions { perform(action, replica, fetched: fetched) }
        let number = replicas[replica].member.generations.number(.withdrawals)
        if replicas[replica].withdrawals?.number != number { replicas[replica].withdrawals = number.map { ($0, now) } }
        setTimer(replica)
    }

    private mutating func setTimer(_ replica: Int) {
        guard rules.timersFire || replicas[replica].member.link.deadline != nil else { return }
        guard let deadline = replicas[replica].member.deadline else { return }
        let at = max(deadline, now)
        if let set = replicas[replica].timerAt, set <= at { return }
        replicas[replica].timerAt = at
        queue.add(.timer(replica, incarnation: replicas[replica].incarnation), at: at)
    }

    private mutating func perform(_ action: MemberAction, _ replica: Int, fetched: Content?) {
        let incarnation = replicas[replica].incarnation
        switch action {
        case .connect: connect(replica)
        case .disconnect: disconnect(replica)
        case .send(let command): send(command, replica)
        case .log(let line):
            count { $0.lines += 1 }
            log?("\(now): replica \(replica): \(line)")
        case .fetch(let ticket, let resource, let limit, let ground):
            fetch(ticket, resource, limit: limit, ground, replica)
        case .answer(let ticket, let keeps):
            answer(ticket, keeps: keeps, fetched, replica)
        case .take(let ticket, let resource, let taken): take(ticket, resource, taken, replica)
        case .backOff(let ticket, let id, let milliseconds):
            for resource in Self.resources.indices where fleetResource(resource).id == id {
                replicas[replica].backoffUntil[resource] = now + UInt64(milliseconds)
            }
            if let ticket { fail(ticket, replica) }
        case .giveUp: break
        case .drop(let scope, let id):
            log?("\(now): replica \(replica) drops \(scope)")
            // The loops get messages, and answer by one.
            let later = now + streams[Stream.loops + replica].within(0...3)
            if later == now { removeCopies(scope, replica) }
            queue.add(.dropped(replica, incarnation: incarnation, id: id), at: later)
            let isOwn = replicas[replica].member.generations.isPending(scope)
            replicas[replica].drops[id] = (scope, isOwn ? replicas[replica].purgeBegan[scope] : nil)
        case .dropCopy(let id):
            removeCopy(id, replica)
            checks.hearsOfWithdrawal(replica, namespace.record(id))
        case .confirmed(let scope, let generation):
            checks.confirms(replica, scope, upTo: generation.number, now: now)
        case .purged(let id, let report):
            guard let purge = replicas[replica].purges.removeValue(forKey: id) else { return }
            checks.reported(purge.scope, began: purge.at, report, now: now)
            if report.members == report.confirmed { count { $0.confirmed += 1 } }
        case .withdrawn, .stored: break
        case .savePending(let work): replicas[replica].pending = work
        }
    }

    mutating func removeCopies(_ scope: Scope, _ replica: Int) {
        guard rules.purgesRemove, scope != .withdrawals || rules.missedWithdrawalsRemove else { return }
        for resource in Self.resources.indices where fleetResource(resource).isWithin(scope) {
            replicas[replica].memory[resource] = nil
        }
    }

    private mutating func removeCopy(_ id: Identifier, _ replica: Int) {
        for resource in Self.resources.indices where fleetResource(resource).id == id {
            replicas[replica].memory[resource] = nil
        }
    }

    mutating func withdraw(_ replica: Int, _ resource: Int) {
        guard !replicas[replica].isDown else { return }
        let withdrawn = fleetResource(resource)
        removeCopy(withdrawn.id, replica)
        let moment = moment(replica)
        perform(replicas[replica].member.withdraw(withdrawn, moment), replica)
    }

    // MARK: Callers

    mutating func call(_ replica: Int, _ resource: Int, isDemanding: Bool) {
        guard !replicas[replica].isDown else { return }
        let caller = Caller(at: now, resource: resource)
        let kind = Self.resources[resource]
        if let owner = kind.owner, now < replicas[replica].refusedUntil[owner] ?? 0 { return }
        if let copy = replicas[replica].memory[resource] {
            if now < copy.freshUntil, !isDemanding || now < copy.storedAt + 500 {
                return serve(copy.content, to: caller, replica, isFresh: true)
            }
            if kind.isServedStale, !isDemanding, now < copy.usableUntil {
                serve(copy.content, to: caller, replica)
                if now >= replicas[replica].backoffUntil[resource] ?? 0 { want(replica, resource, hasCallers: false) }
                return
            }
        }
        if now < replicas[replica].backoffUntil[resource] ?? 0 { return fail(caller, replica) }
        want(replica, resource, hasCallers: true, isDemanding: isDemanding, caller: caller)
    }

    private mutating func want(
        _ replica: Int, _ resource: Int, hasCallers: Bool, isDemanding: Bool = false, caller: Caller? = nil
    ) {
        let copy = replicas[replica].memory[resource]
        let request = WantRequest(hasCallers: hasCallers, held: copy?.digest, oldest: isDemanding ? 500 : .max)
        let moment = moment(replica)
        let (ticket, actions) = replicas[replica].member.wanted(fleetResource(resource), request, moment)
        if replicas[replica].bodies[ticket] == nil { replicas[replica].bodies[ticket] = copy?.content.body ?? [] }
        if let caller { replicas[replica].callers[ticket, default: []].append(caller) }
        perform(actions, replica)
    }

    private mutating func serve(_ content: Content, to caller: Caller, _ replica: Int, isFresh: Bool = false) {
        checks.served(content, to: caller, by: replica, isFresh: isFresh, isQuiet: isQuiet, now: now)
        // Until the loops have removed what they are asked to remove, they may serve it.
        guard let known = replicas[replica].withdrawals, known.since < caller.at,
            !replicas[replica].drops.values.contains(where: { $0.scope == .withdrawals })
        else { return }
        let key = namespace.record(fleetResource(caller.resource).id)
        checks.servedAfterWithdrawal(content, key, by: replica, knows: known.number, now: now)
    }

    /// A caller whose fetch failed gets the stale copy, or else an error.
    private mutating func fail(_ caller: Caller, _ replica: Int) {
        if let copy = replicas[replica].memory[caller.resource], now < copy.usableUntil {
            return serve(copy.content, to: caller, replica)
        }
        // The process stood still until the caller's time was over, which has nothing to do with the fleet.
        if caller.stood > 0, now >= caller.at + limits.upstreamTimeout { return }
        let wasWell = upstream.wasUnwellAt.map { now > $0 + Self.aftermath } ?? true
        checks.failed(caller, by: replica, upstreamWasWell: wasWell, now: now)
    }

    private mutating func fail(_ ticket: Ticket, _ replica: Int) {
        for caller in replicas[replica].callers.removeValue(forKey: ticket) ?? [] { fail(caller, replica) }
    }

    // MARK: Copies

    private mutating func take(_ ticket: Ticket, _ resource: FleetResource, _ taken: Taken, _ replica: Int) {
        let waiting = replicas[replica].callers.removeValue(forKey: ticket) ?? []
        // Which resource the replica believes it to be; the content says which it is.
        guard
            let index = waiting.first?.resource
                ?? Self.resources.indices.first(where: { fleetResource($0) == resource })
        else { return }
        let body = taken.body ?? replicas[replica].bodies[ticket] ?? []
        guard let content = Content(body: body, entityTag: taken.record.facts.entityTag) else {
            return checks.violated(5, now, "replica \(replica) takes a copy without a body")
        }
        checks.takes(replica, namespace.record(resource.id), taken.record, now: now)
        count { $0.taken += 1 }
        log?("\(now): replica \(replica) takes \(content) at the age of \(taken.age)")
        let facts = taken.record.facts
        replicas[replica].memory[index] = HeldCopy(
            content: content, storedAt: now - min(taken.age, now), freshUntil: now + facts.freshFor - taken.age,
            usableUntil: now + facts.usableFor - min(taken.age, facts.usableFor), digest: taken.record.digest)
        for caller in waiting { serve(content, to: caller, replica) }
    }

    private mutating func fetch(
        _ ticket: Ticket, _ resource: FleetResource, limit: UInt64, _ ground: WantStateMachine.Ground, _ replica: Int
    ) {
        guard
            let index = replicas[replica].callers[ticket]?.first?.resource
                ?? Self.resources.indices.first(where: { fleetResource($0) == resource })
        else { return }
        let token = LeaseToken(member: replicas[replica].member.name, serial: ticket.number)
        log?("\(now): replica \(replica) fetches \(index): \(ground)")
        if case .lease = ground { count { $0.leased += 1 } } else { count { $0.alone += 1 } }
        checks.fetchBegan(
            index, key: namespace.lease(resource.id), token: token, ground: ground, isQuiet: isQuiet, now: now)
        let (answer, after) =
            upstream.answer(index, now: now, random: &streams[Stream.upstream + index]) ?? (.failed, limit)
        let isLate = after > limit
        queue.add(
            .fetched(
                replica, incarnation: replicas[replica].incarnation, ticket, resource: index, isLate ? .failed : answer),
            at: now + min(after, limit))
    }

    /// Upstream has answered, or the time for it is over.
    mutating func fetched(_ replica: Int, _ ticket: Ticket, _ resource: Int, _ answer: UpstreamAnswer) {
        let moment = moment(replica)
        switch answer {
        case .content(let content):
            let kind = Self.resources[resource]
            let facts = CopyFacts(
                owner: fleetResource(resource).owner, freshFor: kind.lifetime, usableFor: kind.lifetime + 60_000,
                entityTag: Array("\(content.begun)".utf8))
            let result = FetchResult.copy(facts, body: content.body)
            let actions = replicas[replica].member.fetched(ticket, result, moment)
            perform(actions, replica, fetched: content)
        case .refused(let owner):
            replicas[replica].refusedUntil[owner] = now + 2_000
            replicas[replica].callers[ticket] = nil
            replicas[replica].purgeBegan[.owner(Self.owners[owner])] = now
            perform(replicas[replica].member.fetched(ticket, .refused, moment), replica)
        case .failed:
            upstream.wasUnwellAt = upstream.mode == nil ? upstream.wasUnwellAt : now
            replicas[replica].backoffUntil[resource] = now + 1_000
            perform(replicas[replica].member.fetched(ticket, .failed(pause: 1_000), moment), replica)
        }
    }

    private mutating func answer(_ ticket: Ticket, keeps: Bool, _ fetched: Content?, _ replica: Int) {
        guard let content = fetched else { return fail(ticket, replica) }
        let kind = Self.resources[content.resource]
        if keeps || !rules.outdatedIsNotKept {
            let sealed = seal.sealBody(content.body, isPrivate: content.owner != nil)
            replicas[replica].memory[content.resource] = HeldCopy(
                content: content, storedAt: now, freshUntil: now + kind.lifetime,
                usableUntil: now + kind.lifetime + 60_000, digest: sealed.digest)
        }
        for caller in replicas[replica].callers.removeValue(forKey: ticket) ?? [] {
            serve(content, to: caller, replica)
        }
    }

    // MARK: Purges

    mutating func purge(_ replica: Int, _ scope: Scope) {
        guard !replicas[replica].isDown else { return }
        let moment = moment(replica)
        replicas[replica].purgeBegan[scope] = now
        let (id, actions) = replicas[replica].member.purge(scope, moment)
        replicas[replica].purges[id] = (scope, now)
        perform(actions, replica)
    }
}
