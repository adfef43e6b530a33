/// What a member's owner does.
package enum MemberAction: Sendable {
    /// Make the connection for commands and the one for the subscription, there, and report `connected` or `failed`.
    case connect(Destination)
    /// Close both. Replies that still come on them are not reported.
    case disconnect
    /// Send on the connection for commands, and report the reply with `received`.
    case send(EngineCommand)
    /// Write this line.
    case log(String)
    /// Ask upstream, for this many milliseconds at most, and report the end with `fetched`.
    case fetch(Ticket, FleetResource, limit: UInt64, WantStateMachine.Ground)
    /// The fetch has brought this want's answer. `keeps`: it may be kept; else it is for those alone who wait for it.
    case answer(Ticket, keeps: Bool)
    /// Take the fleet's copy; the want is over.
    case take(Ticket, FleetResource, Taken)
    /// The fleet backs off from upstream for this resource, for so many milliseconds. A ticket names a want that ends with
    /// it.
    case backOff(Ticket?, Identifier, milliseconds: UInt32)
    /// A refresh ends with nothing: another member fetches.
    case giveUp(Ticket)
    /// Remove all copies within the scope from memory, and report `dropped` when none can be served any more.
    case drop(Scope, UInt64)
    /// Remove this resource's copy from memory: it may no longer be shared.
    case dropCopy(Identifier)
    /// A member has stored a copy of this resource: a withdrawal from before does not concern it.
    case stored(Identifier)
    /// This member holds nothing older than this generation any more. It is published.
    case confirmed(Scope, Generation)
    /// A purge on this member is over: all have confirmed it, or its time is.
    case purged(UInt64, PurgeReport)
    /// The engine's record is gone, or the engine cannot be reached.
    case withdrawn(Identifier)
    /// Keep this across a restart.
    case savePending(PendingWork)
}

/// A copy of the fleet.
package struct Taken: Equatable, Sendable {
    package var record: CopyRecord
    /// Its age in milliseconds.
    package var age: UInt64
    /// The body; nil if the caller has it.
    package var body: [UInt8]?
}

/// What a fetch of this member has brought.
package enum FetchResult: Sendable {
    /// A copy that the fleet may have, and its body in the coding that `facts` name.
    case copy(CopyFacts, body: [UInt8])
    /// Something that is not shared.
    case unshared
    /// A refusal of the owner's key, 401 or 403.
    case refused
    /// Nothing that says anything about the resource: other members look again.
    case nothing
    /// A failure, after which all back off from upstream for so many milliseconds.
    case failed(pause: UInt32)
}

/// One Larder as a member of a fleet: it directs the link, the generations and the wants.
///
/// It is pure: its owner reports each event with the time, and performs the returned actions in their order. A hit does
/// not come here.
package struct Member {
    let limits: Limits
    let namespace: Namespace
    /// This process, by a random number that no other has.
    package let name: Identifier
    let sealer: any Sealing

    package internal(set) var link: LinkStateMachine
    package internal(set) var generations: Generations
    var pendingReplies = PendingReplies()
    var wants = Wants()
    var purges = Purges()
    /// When the generations are read again, and which owner is next.
    var nextCheck: UInt64 = .max
    var nextOwner = 0
    /// What the log and the status say.
    package internal(set) var counts = MemberCounts()
    /// The withdrawals that the engine has not got, and those of them that the action `withdrawn` has not named.
    var withdrawals: Set<Identifier> = []
    var unreportedWithdrawals: Set<Identifier> = []
    var actions: [MemberAction] = []

    /// How many owners' generations are read at a time.
    static let ownersPerCheck = 16

    /// `pending` is what `savePending` said last. `known` are the generations that an earlier process had, if its copies are
    /// still there.
    package init(
        limits: Limits, namespace: Namespace, name: Identifier, sealer: any Sealing,
        pending: PendingWork = PendingWork(), known: [Scope: UInt64] = [:]
    ) {
        self.limits = limits
        self.namespace = namespace
        self.name = name
        self.sealer = sealer
        link = LinkStateMachine(limits: limits)
        generations = Generations(pending: pending.purges, known: known)
        withdrawals = Set(pending.withdrawals)
    }

    /// When to call `timePassed`.
    package var deadline: UInt64? {
        let moments = [
            link.deadline, pendingReplies.oldest.map { $0 + limits.fleetTimeout }, wants.deadline, purges.deadline,
            link.isUp ? nextCheck : nil,
        ]
        return moments.compactMap { $0 }.min()
    }

    /// The generations that all copies here are at least as new as, for the scopes that every member follows; nil while
    /// copies are being removed.
    package var settledNumbers: [Scope: UInt64]? {
        guard !purges.isDroppingAnything else { return nil }
        var numbers: [Scope: UInt64] = [:]
        for scope in Generations.common where !generations.isPending(scope) {
            numbers[scope] = generations.number(scope)
        }
        return numbers
    }

    /// Whether the generations that every member follows were read: what is older is being removed, or is gone.
    package var knowsGenerations: Bool {
        let any = FleetResource(id: name, isOfCatalogue: true)
        return link.isUp && generations.unread(of: any).isEmpty && generations.number(.withdrawals) != nil
    }

    /// The owners whose generations are followed and whose identifiers begin with these 32 bits.
    package func owners(beginning number: UInt64) -> [Identifier] {
        generations.followed.compactMap { scope in
            if case .owner(let owner) = scope, owner.high >> 32 == number { owner } else { nil }
        }
    }

    /// Whether a want waits for a reply to a question that was never asked: it would never end.
    package var hasStuckWant: Bool { wants.needReplies && pendingReplies.isEmpty }

    mutating func savePending() {
        actions.append(
            .savePending(
                PendingWork(purges: generations.pending, withdrawals: withdrawals.sorted { $0.hex < $1.hex })))
    }

    /// The actions since the last call.
    mutating func taken() -> [MemberAction] {
        defer { actions = [] }
        return actions
    }

    // MARK: Time and the link

    /// Time has passed; also the first event of all.
    package mutating func timePassed(_ moment: Moment) -> [MemberAction] {
        perform(link.timePassed(moment), moment)
        if let oldest = pendingReplies.oldest, moment.now >= oldest + limits.fleetTimeout {
            perform(link.failed(.timeout, moment), moment)
        }
        for ticket in wants.due(at: moment.now) {
            step(ticket, moment) { $0.timePassed(now: moment.now) }
        }
        if link.isUp, moment.now >= nextCheck { readGenerations(moment) }
        reportPurges(moment)
        return taken()
    }

    /// Both connections are made.
    package mutating func connected(_ moment: Moment) -> [MemberAction] {
        perform(link.connected(moment), moment)
        return taken()
    }

    /// A connection could not be made, or has ended.
    package mutating func failed(_ failure: LinkFailure, _ moment: Moment) -> [MemberAction] {
        perform(link.failed(failure, moment), moment)
        return taken()
    }

    /// A connection could not be made, or has ended, for this reason.
    package mutating func disconnected(_ reason: String, _ moment: Moment) -> [MemberAction] {
        failed(.connection(reason), moment)
    }

    mutating func perform(_ steps: [LinkStateMachine.Action], _ moment: Moment) {
        for step in steps {
            switch step {
            case .connect(let destination): actions.append(.connect(destination))
            case .log(let notice): actions.append(.log(notice.description))
            case .sendProbe:
                let probe = EngineCommand.set(namespace.probe(name), [1], milliseconds: 1_000, onlyIfAbsent: false)
                send(probe, for: .probe, moment)
            case .begin:
                readGenerations(moment)
            case .drop:
                pendingReplies.removeAll()
                generations.connectionLost()
                actions.append(.disconnect)
                for ticket in wants.all {
                    self.step(ticket, moment) { $0.engineFailed(isLinkDown: true, now: moment.now) }
                }
                for id in unreportedWithdrawals.sorted(by: { $0.hex < $1.hex }) { actions.append(.withdrawn(id)) }
                unreportedWithdrawals = []
                reportPurges(moment)
            }
        }
    }

    mutating func send(_ command: EngineCommand, for pendingReply: PendingReply, _ moment: Moment) {
        pendingReplies.expect(pendingReply, now: moment.now)
        actions.append(.send(command))
    }

    mutating func publish(_ news: News, _ moment: Moment) {
        send(announcement(news), for: .unheeded, moment)
    }

    func announcement(_ news: News) -> EngineCommand { .publish(sealer.seal(news.encoded(), for: namespace.news)) }

    // MARK: Messages

    /// A message has come on the channel.
    package mutating func heard(_ bytes: [UInt8], _ moment: Moment) -> [MemberAction] {
        guard bytes.count <= News.longest + longestSeal, let opened = sealer.open(bytes, for: namespace.news),
            let news = try? News(decoding: opened)
        else { return [] }
        switch news {
        case .stored(let id):
            notify(id, .stored, moment)
            actions.append(.stored(id))
        case .failed(let id, let token, let pause):
            notify(id, .failed(token, pause: pause), moment)
            if token.member != name { actions.append(.backOff(nil, id, milliseconds: pause)) }
        case .ended(let id, let token, let fetchAlone): notify(id, .ended(token, fetchAlone: fetchAlone), moment)
        case .withdrawn(let id, let number, let previous):
            outdateCopy(id, moment)
            actions.append(.dropCopy(id))
            if number > 0 { adoptWithdrawal(number: number, previous: previous, moment) }
        case .raised(let scope, let generation, let member):
            let reading = generations.heard(scope, generation)
            adopt(scope, generation, reading, moment)
            if reading == .mustWrite, link.isUp { read(scope, moment) }
            if member != name, reading == .current, !purges.isDropping(scope) {
                if generations.follows(scope) {
                    confirm(scope, generation, moment)
                } else {
                    // Nothing of this owner is in memory, but there may be copies on the disk.
                    let drop = purges.drop(Purges.Drop(scope: scope, generation: generation))
                    actions.append(.drop(scope, drop))
                }
            }
        case .confirmed(let scope, let generation, let member):
            purges.confirmed(scope, generation.number, by: member)
            reportPurges(moment)
        }
        return taken()
    }

    private mutating func notify(_ id: Identifier, _ word: WantStateMachine.Word, _ moment: Moment) {
        for ticket in wants.tickets(of: id) { step(ticket, moment) { $0.heard(word, now: moment.now) } }
    }
}
