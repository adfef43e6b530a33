import Engine
import EventLoop
import Fleet
import FoundationEssentials
import Threads

/// What runs on the fleet's thread: it reports events to `Member`, and performs its actions.
final class FleetThread: EngineLinkDelegate {
    /// What survives a restart: where it is, and what was last written there.
    private struct Files {
        let pending: String?
        let numbers: String?
        var savedNumbers: [Scope: UInt64]
    }

    private let loop: Loop
    private let link: EngineLink
    private var member: Member
    private let report: (FleetEvent) -> Void
    private let status: Mutex<FleetStatus>
    private var files: Files
    private var counted = FleetStatus()
    private var wasUp = false
    private var timer: LoopTimer?
    /// Whether the deadline has come and the sockets have their turn, before it is judged.
    private var isLooking = false
    private var mailbox: Mailbox<FleetMessage>?

    /// Who gets the answers of a want. The first has begun it.
    private var askers: [Ticket: [@Sendable (FleetAnswer) -> Void]] = [:]
    /// How many loops hold copies of an owner.
    private var holders: [Identifier: Int] = [:]
    private var purges: [UInt64: @Sendable (PurgeReport) -> Void] = [:]
    private var withdrawals: [Identifier: [@Sendable () -> Void]] = [:]

    /// Runs until `stop`. `started` gets the mailbox, or why there is none.
    static func run(
        _ settings: FleetServiceSettings, _ status: Mutex<FleetStatus>,
        report: @escaping @Sendable (FleetEvent) -> Void,
        started: (Result<Mailbox<FleetMessage>, FleetProblem>) -> Void
    ) {
        let loop = Loop()
        do {
            let thread = try FleetThread(settings, status, on: loop, report: report)
            let mailbox = Mailbox<FleetMessage>(on: loop) { thread.received($0) }
            thread.mailbox = mailbox
            started(.success(mailbox))
            thread.begin()
            loop.run()
        } catch {
            started(.failure(FleetProblem(description: "fleet.ca_file: \(error)")))
        }
        loop.close()
    }

    private init(
        _ settings: FleetServiceSettings, _ status: Mutex<FleetStatus>, on loop: Loop,
        report: @escaping (FleetEvent) -> Void
    ) throws(EngineProblem) {
        self.loop = loop
        self.report = report
        self.status = status
        let savedNumbers =
            settings.numbersFile.flatMap { FileManager.default.contents(atPath: $0) }
            .map { KnownNumbers.decoded(Array($0)) } ?? [:]
        files = Files(pending: settings.pendingFile, numbers: settings.numbersFile, savedNumbers: savedNumbers)
        link = try EngineLink(on: loop, settings.engine)
        var random = SystemRandomNumberGenerator()
        member = Member(
            limits: settings.limits, namespace: settings.namespace,
            name: Identifier(high: random.next(), low: random.next()), sealer: FleetSealer(settings.secret),
            pending: Self.readPending(settings.pendingFile), known: savedNumbers)
    }

    private func begin() {
        link.report(to: self)
        timer = LoopTimer(on: loop) { [unowned self] in deadlineCame() }
        perform(member.timePassed(moment))
    }

    /// The longest time that a deadline is put off, in milliseconds.
    private static let longestLook: UInt64 = 500

    /// libuv may run the timers before the sockets. If this thread could not run for a while, a reply that seems to be
    /// late may have come long ago, or its question has only just been sent. So the sockets have a turn before the
    /// deadline is judged, and the engine gets as much time as this thread was late.
    private func deadlineCame() {
        let now = loop.nowMilliseconds
        if !isLooking, let deadline = member.deadline, now >= deadline {
            isLooking = true
            // A timer that is due already would run before the sockets (libuv before 1.48).
            loop.updateNow()
            timer?.start(after: Int(min(max(1, now - deadline), Self.longestLook)))
            return
        }
        isLooking = false
        perform(member.timePassed(moment))
    }

    private func end() {
        timer?.close()
        timer = nil
        link.close()
        mailbox?.close()
        mailbox = nil
    }

    private var moment: Moment {
        Moment(
            now: loop.nowMilliseconds, wall: UInt64(clamping: Loop.wallMilliseconds), chance: Double.random(in: 0..<1))
    }

    // MARK: Events

    private func received(_ message: FleetMessage) {
        switch message {
        case .want(let resource, let request, let answer):
            let (ticket, actions) = member.wanted(resource, request, moment)
            askers[ticket, default: []].append(answer)
            perform(actions)
        case .fetched(let ticket, let result): perform(member.fetched(ticket, result, moment))
        case .purge(let scope, let drop, let done): purge(scope, drop: drop, done: done)
        case .refused(let owner):
            var drops: [UInt64] = []
            perform(member.refused(owner, moment)) { drops.append($0) }
            for number in drops { perform(member.dropped(number, moment)) }
        case .withdraw(let resource, let done):
            withdrawals[resource.id, default: []].append(done)
            perform(member.withdraw(resource, moment))
        case .dropped(let number): perform(member.dropped(number, moment))
        case .follow(let owner):
            holders[owner, default: 0] += 1
            perform(member.follow(owner, moment))
        case .forget(let owner):
            let count = (holders[owner] ?? 1) - 1
            holders[owner] = count > 0 ? count : nil
            if count <= 0 { member.forget(owner) }
        case .readPending: perform(member.inherit(Self.readPending(files.pending), moment))
        case .stop: end()
        }
    }

    private func purge(
        _ what: PurgedScope, drop: @escaping @Sendable (UInt64) -> Void, done: @escaping @Sendable (PurgeReport) -> Void
    ) {
        counted.purges += 1
        var scopes: [Scope]
        switch what {
        case .scope(let scope): scopes = [scope]
        case .owner(let number): scopes = member.owners(beginning: number).map(Scope.owner)
        }
        guard let first = scopes.popLast() else {
            drop(0)
            return done(PurgeReport(confirmed: 1, members: member.link.isUp ? member.counts.members : nil))
        }
        // Two keys whose digests begin alike: the caller's removal is that of both.
        for scope in scopes {
            var drops: [UInt64] = []
            perform(member.purge(scope, moment).actions) { drops.append($0) }
            for number in drops { perform(member.dropped(number, moment)) }
        }
        let (id, actions) = member.purge(first, moment)
        purges[id] = done
        perform(actions, drop: drop)
    }

    func linkConnected() { perform(member.connected(moment)) }

    func linkReceived(_ reply: EngineReply) { perform(member.received(reply, moment)) }

    func linkHeard(_ message: [UInt8]) { perform(member.heard(message, moment)) }

    func linkFailed(_ failure: LinkFailure) {
        perform(member.failed(failure, moment))
    }

    // MARK: Actions

    /// `drop` gets the numbers of removals that the caller makes.
    private func perform(_ actions: [MemberAction], drop: ((UInt64) -> Void)? = nil) {
        for action in actions {
            if let drop, case .drop(_, let number) = action { drop(number) } else { perform(action) }
        }
        startTimer()
        publishStatus()
        saveNumbers()
    }

    private func startTimer() {
        let now = loop.nowMilliseconds
        let deadline = member.deadline
        // It runs already. Events must not put off what is due again and again.
        if isLooking, let deadline, deadline <= now { return }
        isLooking = false
        if let deadline {
            timer?.start(after: deadline > now ? Int(clamping: deadline - now) : 0)
        } else {
            timer?.stop()
        }
    }

    private func perform(_ action: MemberAction) {
        switch action {
        case .connect(let destination): link.connect(destination)
        case .disconnect:
            counted.failures += 1
            link.disconnect()
            report(.disconnected)
        case .send(let command): link.send(command)
        case .log(let line):
            counted.notice = line
            report(.log(line, isProblem: !member.link.isUp))
        case .fetch(let ticket, _, let limit, let ground):
            if case .lease = ground { counted.leases += 1 } else { counted.alone += 1 }
            askers[ticket]?.first?(.fetch(ticket, limit: limit, ground))
        case .answer(let ticket, let keeps): answerAll(ticket, .completed(keeps: keeps))
        case .take(let ticket, _, let taken):
            counted.taken += 1
            answerAll(ticket, .take(taken))
        case .backOff(let ticket?, _, let milliseconds): answerAll(ticket, .backOff(milliseconds: milliseconds))
        case .backOff(nil, let id, let milliseconds): report(.backOff(id, milliseconds: milliseconds))
        case .giveUp(let ticket): answerAll(ticket, .giveUp)
        case .drop(let scope, let number): report(.drop(scope, number))
        case .dropCopy(let id): report(.dropCopy(id))
        case .stored(let id): report(.stored(id))
        case .confirmed: break
        case .purged(let id, let purge): purges.removeValue(forKey: id)?(purge)
        case .withdrawn(let id): for done in withdrawals.removeValue(forKey: id) ?? [] { done() }
        case .savePending(let work): save(work)
        }
    }

    private func answerAll(_ ticket: Ticket, _ answer: FleetAnswer) {
        for asker in askers.removeValue(forKey: ticket) ?? [] { asker(answer) }
    }

    private func publishStatus() {
        var next = counted
        next.state = member.link.state
        next.members = member.link.isUp ? member.counts.members : 0
        next.given = member.counts.stored
        next.waits = member.counts.waits
        next.knowsGenerations = member.knowsGenerations
        if member.link.isUp != wasUp {
            wasUp = member.link.isUp
            counted.changed = Int64(Loop.wallMilliseconds / 1_000)
            next.changed = counted.changed
        }
        status.change { $0 = next }
    }

    // MARK: What a restart needs

    private func saveNumbers() {
        guard let numbersFile = files.numbers, let numbers = member.settledNumbers, numbers != files.savedNumbers
        else { return }
        files.savedNumbers = numbers
        // If it cannot be written, the next process removes what this one has kept.
        let url = URL(filePath: numbersFile)
        if (try? Data(KnownNumbers.encoded(numbers)).write(to: url, options: .atomic)) == nil {
            try? FileManager.default.removeItem(at: url)
        }
    }

    private func save(_ work: PendingWork) {
        guard let pendingFile = files.pending else { return }
        if work == PendingWork() {
            try? FileManager.default.removeItem(atPath: pendingFile)
            return
        }
        do {
            try Data(work.encoded()).write(to: URL(filePath: pendingFile), options: .atomic)
        } catch {
            report(
                .log(
                    "fleet: \(pendingFile) cannot be written: a purge may be lost if Larder is restarted now",
                    isProblem: true))
        }
    }

    private static func readPending(_ path: String?) -> PendingWork {
        guard let path, let data = FileManager.default.contents(atPath: path) else { return PendingWork() }
        // What cannot be read may have been a purge of anything.
        return (try? PendingWork(decoding: Array(data))) ?? PendingWork(purges: [.all])
    }
}
