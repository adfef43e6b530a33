// Purges, and the generations behind them.
extension Member {
    /// The scope is purged on this member. The identifier is that of the report, `purged`.
    package mutating func purge(_ scope: Scope, _ moment: Moment) -> (id: UInt64, actions: [MemberAction]) {
        let isFollowed = generations.purged(scope)
        let id = purges.add(
            Purges.Purge(
                scope: scope, count: generations.purgeCount(scope), deadline: moment.now + 2 * limits.fleetTimeout))
        savePending()
        outdate(scope, moment)
        actions.append(.drop(scope, purges.drop(Purges.Drop(scope: scope, purge: id))))
        if isFollowed, link.isUp { compare(.raise(scope), moment) }
        return (id, taken())
    }

    /// Another process of this member, which has ended or will, has left this work.
    package mutating func inherit(_ work: PendingWork, _ moment: Moment) -> [MemberAction] {
        var actions: [MemberAction] = []
        for scope in work.purges { actions += purge(scope, moment).actions }
        withdrawals.formUnion(work.withdrawals)
        savePending()
        if link.isUp { for id in work.withdrawals { deleteWithdrawn(id, moment) } }
        return actions + taken()
    }

    /// Upstream has refused this owner's key: its copies end everywhere.
    package mutating func refused(_ owner: Identifier, _ moment: Moment) -> [MemberAction] {
        purge(.owner(owner), moment).actions
    }

    /// The removal that `drop` asked for is done.
    package mutating func dropped(_ id: UInt64, _ moment: Moment) -> [MemberAction] {
        guard let drop = purges.dropped(id) else { return [] }
        if let purge = drop.purge { purges.ownDropped(purge, by: name) }
        if let generation = drop.generation { confirm(drop.scope, generation, moment) }
        reportPurges(moment)
        return taken()
    }

    /// Reports to the fleet that this member holds nothing older.
    mutating func confirm(_ scope: Scope, _ generation: Generation, _ moment: Moment) {
        actions.append(.confirmed(scope, generation))
        if link.isUp { publish(.confirmed(scope, generation, by: name), moment) }
    }

    mutating func reportPurges(_ moment: Moment) {
        for (id, report) in purges.finished(isLinkUp: link.isUp, now: moment.now) {
            actions.append(.purged(id, report))
        }
    }

    /// Reads the generations again: those of all and of the catalogue, and those of some owners in turn.
    mutating func readGenerations(_ moment: Moment) {
        nextCheck = moment.now + limits.checkInterval
        let followed = generations.followed
        let owners = followed.dropFirst(Generations.common.count)
        var scopes = Array(followed.prefix(Generations.common.count))
        if owners.count <= Self.ownersPerCheck {
            scopes += owners
        } else {
            for offset in 0..<Self.ownersPerCheck {
                scopes.append(owners[owners.startIndex + (nextOwner + offset) % owners.count])
            }
            nextOwner = (nextOwner + Self.ownersPerCheck) % owners.count
        }
        for scope in scopes + generations.pending.filter({ !scopes.contains($0) }) { read(scope, moment) }
        for id in withdrawals.sorted(by: { $0.hex < $1.hex }) { deleteWithdrawn(id, moment) }
    }

    mutating func read(_ scope: Scope, _ moment: Moment) {
        guard !pendingReplies.expects(.generation(scope)) else { return }
        send(.get(namespace.generation(scope)), for: .generation(scope), moment)
    }

    /// The engine has answered with the value of a generation's key.
    mutating func readGeneration(_ scope: Scope, _ value: Generation?, _ moment: Moment) {
        let reading = generations.read(scope, value)
        if reading == .mustWrite { return compare(.raise(scope), moment) }
        if let value { adopt(scope, value, reading, moment) }
    }

    /// What a new generation causes: the removal of older copies, and the continuation of wants that waited for it.
    mutating func adopt(_ scope: Scope, _ value: Generation, _ reading: Generations.Reading, _ moment: Moment) {
        switch reading {
        case .adopted(drops: true):
            outdate(scope, moment)
            actions.append(.drop(scope, purges.drop(Purges.Drop(scope: scope, generation: value))))
        case .adopted(drops: false), .current: break
        case .mustWrite: return
        }
        for ticket in wants.all {
            guard let want = wants[ticket], generations.unread(of: want.resource).isEmpty else { continue }
            step(ticket, moment) { $0.learnedGenerations(now: moment.now) }
        }
    }

    /// What is under way for resources of this scope is of an older generation.
    private mutating func outdate(_ scope: Scope, _ moment: Moment) {
        for ticket in wants.all {
            guard let want = wants[ticket], want.resource.isWithin(scope) else { continue }
            let isKnown = generations.unread(of: want.resource).isEmpty
            step(ticket, moment) { $0.outdated(knowsGenerations: isKnown, now: moment.now) }
        }
    }

    // MARK: Writing a generation

    /// The commands that raise the scope, given what its key holds; nil if it needs no raising any more.
    mutating func raise(_ scope: Scope, insteadOf value: Generation?, _ moment: Moment) -> [EngineCommand]? {
        guard let next = generations.proposal(for: scope, insteadOf: value, wall: moment.wall) else { return nil }
        let count = generations.purgeCount(scope)
        pendingReplies.proposal = (next, count)
        purges.proposed(scope, next.number, purges: count, by: name)
        let life = isBare(scope, next, insteadOf: value) ? Limits.bareGenerationLife : Limits.generationLife
        return [
            .set(namespace.generation(scope), next.encoded, milliseconds: life, onlyIfAbsent: false),
            announcement(.raised(scope, next, by: name)),
        ]
    }

    /// Whether the engine has nothing that was stored under the generation before this one.
    private func isBare(_ scope: Scope, _ next: Generation, insteadOf value: Generation?) -> Bool {
        guard case .owner = scope, next.keeps == 0 else { return false }
        // Without a key none is usable; but a number that is known here may have copies in the memory of others.
        guard value != nil else { return generations.number(scope) == nil }
        return (0...Int64(Limits.bareGenerationLife)).contains(pendingReplies.remaining)
    }

    /// The engine has taken the generation, and published it to so many members.
    mutating func raised(_ scope: Scope, members: Int, _ moment: Moment) {
        guard let proposal = pendingReplies.proposal else { return }
        let reading = generations.wrote(scope, proposal.value, purges: proposal.purges)
        if proposal.purges > 0 {
            purges.written(scope, proposal.value.number, members: members)
            savePending()
        }
        adopt(scope, proposal.value, reading, moment)
        if generations.isPending(scope) { compare(.raise(scope), moment) }
        if case .owner(let owner) = scope { forgetUnused(owner) }
        reportPurges(moment)
    }
}
