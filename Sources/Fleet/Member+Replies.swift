// Replies of the engine.
extension Member {
    /// The engine has answered the oldest question on the connection for commands.
    package mutating func received(_ reply: EngineReply, _ moment: Moment) -> [MemberAction] {
        guard let pendingReply = pendingReplies.next() else {
            perform(link.failed(.nonsense, moment), moment)
            return taken()
        }
        if case .failure(let error) = reply {
            failed(pendingReply, error, moment)
        } else if !answered(pendingReply, reply, moment) {
            perform(link.failed(.nonsense, moment), moment)
        }
        beginComparison(moment)
        return taken()
    }

    /// The engine has answered with an error.
    private mutating func failed(_ pendingReply: PendingReply, _ error: EngineError, _ moment: Moment) {
        perform(link.failed(.engine(error), moment), moment)
        guard link.isUp else { return }
        switch pendingReply {
        case .unheeded, .probe, .generation: break
        case .watch(let number), .compare(let number), .compareNumber(let number), .compareLife(let number):
            guard pendingReplies.isCurrent(number) else { return }
            // The transaction would have ended the watches.
            send(.unwatch, for: .unheeded, moment)
            failComparison(moment)
        case .write(let number): if pendingReplies.isCurrent(number) { failComparison(moment) }
        // It is tried again with the next check.
        case .withdraw(let id): reportWithdrawal(id)
        case .record(let ticket, let round), .recordLife(let ticket, let round), .body(let ticket, let round),
            .lease(let ticket, _, let round), .holder(let ticket, let round), .holderLife(let ticket, let round):
            guard wants[ticket]?.round == round else { return }
            step(ticket, moment) { $0.engineFailed(isLinkDown: false, now: moment.now) }
        case .extendBody(let ticket), .storeBody(let ticket):
            step(ticket, moment) { $0.engineFailed(isLinkDown: false, now: moment.now) }
        }
    }

    /// Handles a reply that is no error; false if its type is not one that the question can have.
    private mutating func answered(_ pendingReply: PendingReply, _ reply: EngineReply, _ moment: Moment) -> Bool {
        switch (pendingReply, reply) {
        case (.probe, .done):
            perform(link.accepted(), moment)
        case (.generation(let scope), .nothing): readGeneration(scope, nil, moment)
        case (.generation(let scope), .bytes(let bytes)):
            readGeneration(scope, try? Generation(decoding: bytes), moment)
        case (.record(let ticket, let round), .bytes(let bytes)): readRecord(ticket, round, bytes, moment)
        case (.record(let ticket, let round), .nothing): readRecord(ticket, round, nil, moment)
        case (.recordLife(let ticket, let round), .number(let remaining)):
            change(ticket, round) { $0.remaining = remaining }
        case (.body(let ticket, let round), .bytes(let bytes)): readBody(ticket, round, bytes, moment)
        case (.body(let ticket, let round), .nothing): readBody(ticket, round, nil, moment)
        case (.lease(let ticket, let resource, let round), .done):
            perform(link.accepted(), moment)
            guard wants[ticket]?.round == round else {
                releaseUnused(ticket, resource, moment)
                return true
            }
            change(ticket, round) { $0.isGranted = true }
        case (.lease(let ticket, _, let round), .nothing):
            perform(link.accepted(), moment)
            change(ticket, round) { $0.isGranted = false }
        case (.holder(let ticket, let round), .bytes(let bytes)): change(ticket, round) { $0.bytes = bytes }
        case (.holder(let ticket, let round), .nothing): change(ticket, round) { $0.bytes = nil }
        case (.holderLife(let ticket, let round), .number(let remaining)):
            readHolder(ticket, round, remaining, moment)
        case (.extendBody(let ticket), .number(let count)):
            perform(link.accepted(), moment)
            if count > 0 { step(ticket, moment) { $0.storedBody(true) } } else { storeMissingBody(ticket, moment) }
        case (.storeBody(let ticket), .done):
            perform(link.accepted(), moment)
            step(ticket, moment) { $0.storedBody(true) }
        case (.withdraw(let id), .number): reportWithdrawal(id)
        case (.unheeded, .number(let count)): counts.members = Int(clamping: count)
        case (.watch, .done), (.unheeded, .done): break
        case (.compareNumber(let number), .bytes(let bytes)):
            if pendingReplies.isCurrent(number) {
                pendingReplies.lastWithdrawal = (try? Generation(decoding: bytes))?.number
            }
        case (.compareNumber, .nothing): break
        case (.compareLife(let number), .number(let remaining)):
            if pendingReplies.isCurrent(number) { pendingReplies.remaining = remaining }
        case (.compare(let number), .bytes(let bytes)): compareWith(bytes, number, moment)
        case (.compare(let number), .nothing): compareWith(nil, number, moment)
        case (.write(let number), .nothing): if pendingReplies.isCurrent(number) { compareAgain(moment) }
        case (.write(let number), .list(let replies)): if pendingReplies.isCurrent(number) { wrote(replies, moment) }
        default: return false
        }
        return true
    }

    private mutating func change(_ ticket: Ticket, _ round: Int, _ body: (inout Wants.Want) -> Void) {
        guard wants[ticket]?.round == round else { return }
        _ = wants.change(ticket, body)
    }

    // MARK: Records

    /// All replies of a question for a record have come.
    private mutating func readRecord(_ ticket: Ticket, _ round: Int, _ bytes: [UInt8]?, _ moment: Moment) {
        guard let want = wants[ticket], want.round == round else { return }
        let record = bytes.map { usable(ticket, want, $0, moment) } ?? .none
        switch want.machine.state {
        case .askingRecord: step(ticket, moment) { $0.readRecord(record, now: moment.now) }
        case .askingLease:
            let isGranted = want.isGranted
            step(ticket, moment) { $0.askedLease(isGranted: isGranted, record, now: moment.now) }
        default: return
        }
    }

    /// What the record that was read is good for. It is noted in the want.
    private mutating func usable(
        _ ticket: Ticket, _ want: Wants.Want, _ bytes: [UInt8], _ moment: Moment
    ) -> WantStateMachine.Record {
        let key = namespace.record(want.resource.id)
        // Without a time there was no record a moment ago: this one came since, and is read again soon.
        guard want.remaining >= -1, bytes.count <= CopyRecord.longest + longestSeal,
            let opened = sealer.open(bytes, for: key), let record = try? CopyRecord(decoding: opened),
            record.facts.owner == want.resource.owner, Int(record.size) <= limits.longestValue + longestSeal
        else { return .none }
        let age = record.age(remaining: want.remaining, wall: moment.wall)
        _ = wants.change(ticket) {
            $0.record = record
            $0.age = age
        }
        guard record.stamp == generations.stamp(of: want.resource), age < record.facts.freshFor,
            age <= want.request.oldest
        else { return .none }
        return .fresh(needsBody: record.digest != want.request.held)
    }

    private mutating func readBody(_ ticket: Ticket, _ round: Int, _ bytes: [UInt8]?, _ moment: Moment) {
        guard let want = wants[ticket], want.round == round, let record = want.record else { return }
        var body: [UInt8]?
        if let bytes, bytes.count == Int(record.size) {
            body = sealer.openBody(bytes, digest: record.digest, isPrivate: record.facts.owner != nil)
        }
        _ = wants.change(ticket) {
            $0.bytes = body
            // A body that is not there must be stored whole.
            if body == nil { $0.record = nil }
        }
        step(ticket, moment) { $0.readBody(isUsable: body != nil, now: moment.now) }
    }

    private mutating func readHolder(_ ticket: Ticket, _ round: Int, _ remaining: Int64, _ moment: Moment) {
        guard let want = wants[ticket], want.round == round else { return }
        let token = want.bytes.flatMap { LeaseToken(decoding: $0) }
        let isOwn = token == LeaseToken(member: name, serial: ticket.number)
        let holder = token.flatMap { remaining > 0 ? (token: $0, remaining: UInt64(remaining)) : nil }
        step(ticket, moment) { $0.readHolder(holder, isOwn: isOwn, moment) }
    }

    // MARK: Comparisons

    /// Queues a comparison.
    mutating func compare(_ comparison: Comparison, _ moment: Moment) {
        guard link.isUp else { return }
        pendingReplies.add(comparison)
        beginComparison(moment)
    }

    private mutating func beginComparison(_ moment: Moment) {
        guard link.isUp, let comparison = pendingReplies.begin() else { return }
        let key =
            switch comparison {
            case .raise(let scope): namespace.generation(scope)
            case .lease(let lease): namespace.lease(lease.resource)
            case .withdrawal: namespace.generation(.withdrawals)
            }
        let number = pendingReplies.number
        send(.watch(key), for: .watch(number), moment)
        switch comparison {
        case .lease(let lease) where lease.stores:
            // The record is stored only if no withdrawal came since the fetch began: a message of one may be late.
            send(.watch(namespace.generation(.withdrawals)), for: .watch(number), moment)
            send(.get(namespace.generation(.withdrawals)), for: .compareNumber(number), moment)
        case .raise(.owner): send(.remaining(key), for: .compareLife(number), moment)
        case .raise, .lease, .withdrawal: break
        }
        send(.get(key), for: .compare(number), moment)
    }

    /// What was compared has changed before the transaction. For a record that may be the number of withdrawals, and then
    /// the lease must still be released.
    private mutating func compareAgain(_ moment: Moment) {
        guard case .lease(let lease)? = pendingReplies.current, lease.stores else {
            return finishComparison(members: nil, moment)
        }
        _ = pendingReplies.finish()
        compare(.lease(lease), moment)
    }

    /// The value to compare with was read.
    private mutating func compareWith(_ bytes: [UInt8]?, _ number: Int, _ moment: Moment) {
        guard pendingReplies.isCurrent(number) else { return }
        switch pendingReplies.current {
        case .raise(let scope):
            let value = bytes.flatMap { try? Generation(decoding: $0) }
            if let commands = raise(scope, insteadOf: value, moment) {
                return send(.transaction(commands), for: .write(number), moment)
            }
            send(.unwatch, for: .unheeded, moment)
            _ = pendingReplies.finish()
            readGeneration(scope, value, moment)
        case .lease(let lease):
            if bytes.flatMap({ LeaseToken(decoding: $0) }) == lease.expected {
                return send(.transaction(writes(of: lease)), for: .write(number), moment)
            }
            send(.unwatch, for: .unheeded, moment)
            finishComparison(members: nil, moment)
        case .withdrawal(let id):
            let value = bytes.flatMap { try? Generation(decoding: $0) }
            send(.transaction(numberWithdrawal(id, after: value, moment)), for: .write(number), moment)
        case nil: break
        }
    }

    /// What a comparison of a lease writes. A copy that was purged or withdrawn since it was sent is not stored: the lease is
    /// only released.
    private func writes(of lease: LeaseComparison) -> [EngineCommand] {
        guard let ticket = lease.ticket, let want = wants[ticket], lease.stores,
            isOutdated(want) || want.lastWithdrawal == nil || want.lastWithdrawal != pendingReplies.lastWithdrawal
        else { return lease.writes }
        return release(lease.resource, news: .ended(lease.resource, token: lease.expected, fetchAlone: false))
    }

    /// Whether what this want is storing was purged or withdrawn meanwhile.
    func isOutdated(_ want: Wants.Want) -> Bool {
        want.isWithdrawn || want.storing?.record.stamp != generations.stamp(of: want.resource)
    }

    /// The transaction was executed.
    private mutating func wrote(_ replies: [EngineReply], _ moment: Moment) {
        for case .failure(let error) in replies {
            perform(link.failed(.engine(error), moment), moment)
            if link.isUp { failComparison(moment) }
            return
        }
        perform(link.accepted(), moment)
        let members: Int = if case .number(let count)? = replies.last { Int(clamping: count) } else { 0 }
        counts.members = members
        finishComparison(members: members, moment)
    }

    /// The comparison under way is over. `members`: so many got the message; nil: the value was another, or has changed.
    private mutating func finishComparison(members: Int?, _ moment: Moment) {
        switch pendingReplies.current {
        case .raise(let scope):
            if let members { raised(scope, members: members, moment) }
            _ = pendingReplies.finish()
            if members == nil || generations.isPending(scope) { compare(.raise(scope), moment) }
        case .lease(let lease):
            _ = pendingReplies.finish()
            guard let ticket = lease.ticket else { return }
            switch wants[ticket]?.machine.state {
            case .takingOver where lease.isTakeover:
                step(ticket, moment) { $0.tookOver(members != nil, now: moment.now) }
            case .committing where !lease.isTakeover:
                let isOutdated = wants[ticket].map(isOutdated) ?? false
                if members != nil, !isOutdated { counts.stored += 1 }
                // A withdrawal came while the record was on the way, and may have reached the engine before it.
                let isRevived = members != nil && wants[ticket]?.isWithdrawn == true
                step(ticket, moment) { $0.settled() }
                if isRevived { withdrawAgain(lease.resource, moment) }
            case .releasing where !lease.isTakeover: step(ticket, moment) { $0.settled() }
            default:
                // The want did not wait for the lease.
                if lease.isTakeover, members != nil { releaseUnused(ticket, lease.resource, moment) }
            }
        case .withdrawal(let id):
            let numbers = pendingReplies.withdrawal
            _ = pendingReplies.finish()
            guard members != nil, let numbers else { return compare(.withdrawal(id), moment) }
            // As the others do when they hear it: a record may have been stored, and taken here, since the first deletion,
            // and the own message may be lost.
            outdateCopy(id, moment)
            actions.append(.dropCopy(id))
            adoptWithdrawal(number: numbers.number, previous: numbers.previous, moment)
            withdrawals.remove(id)
            savePending()
        case nil: break
        }
    }

    /// The engine has answered a part of the comparison with an error.
    private mutating func failComparison(_ moment: Moment) {
        let comparison = pendingReplies.finish()
        // Those who hear it need no number; the others get it with the next check.
        if case .withdrawal(let id)? = comparison { publish(.withdrawn(id, number: 0, previous: 0), moment) }
        guard case .lease(let lease)? = comparison, let ticket = lease.ticket else { return }
        switch wants[ticket]?.machine.state {
        case .takingOver, .committing, .releasing:
            step(ticket, moment) { $0.engineFailed(isLinkDown: false, now: moment.now) }
        default: break
        }
    }
}
