import Fleet
import Testing

/// A want, event by event: no engine, no clock.
@Suite struct WantStateMachineTests {
    typealias Machine = WantStateMachine
    typealias Action = WantStateMachine.Action

    static let limits = Limits()
    static let own = LeaseToken(member: Identifier(high: 1, low: 1), serial: 1)
    static let other = LeaseToken(member: Identifier(high: 2, low: 2), serial: 7)
    static let third = LeaseToken(member: Identifier(high: 3, low: 3), serial: 9)

    enum Event: Sendable {
        case began(isLinkUp: Bool = true, knows: Bool = true)
        case generations
        case record(Machine.Record)
        case body(Bool)
        case lease(Bool, Machine.Record = .none)
        case holder(LeaseToken?, remaining: UInt64 = 11_000, isOwn: Bool = false)
        case tookOver(Bool)
        case heard(Machine.Word)
        case time
        case fetched(Machine.Outcome, isLinkUp: Bool = true)
        case storedBody(Bool)
        case settled
        case failed(isLinkDown: Bool)
        case outdated(knows: Bool = true)
        case joined

        func happen(to machine: inout Machine, at now: UInt64) -> [Action] {
            switch self {
            case .began(let isLinkUp, let knows):
                return machine.began(isLinkUp: isLinkUp, knowsGenerations: knows, now: now)
            case .generations: return machine.learnedGenerations(now: now)
            case .record(let record): return machine.readRecord(record, now: now)
            case .body(let isUsable): return machine.readBody(isUsable: isUsable, now: now)
            case .lease(let isGranted, let record): return machine.askedLease(isGranted: isGranted, record, now: now)
            case .holder(let token, let remaining, let isOwn):
                return machine.readHolder(token.map { ($0, remaining) }, isOwn: isOwn, Moment(now: now))
            case .tookOver(let isDone): return machine.tookOver(isDone, now: now)
            case .heard(let word): return machine.heard(word, now: now)
            case .time: return machine.timePassed(now: now)
            case .fetched(let outcome, let isLinkUp): return machine.fetched(outcome, isLinkUp: isLinkUp, now: now)
            case .storedBody(let isDone): return machine.storedBody(isDone)
            case .settled: return machine.settled()
            case .failed(let isLinkDown): return machine.engineFailed(isLinkDown: isLinkDown, now: now)
            case .outdated(let knows): return machine.outdated(knowsGenerations: knows, now: now)
            case .joined:
                machine.callerJoined(now: now)
                return []
            }
        }
    }

    /// Ways to each state, from 1,000 ms on.
    static let asking: [Event] = [.began()]
    static let askingBody = asking + [.record(.fresh(needsBody: true))]
    static let askingLease = asking + [.record(.none)]
    static let askingHolder = askingLease + [.lease(false)]
    static let waiting = askingHolder + [.holder(other)]
    static let fetching = askingLease + [.lease(true)]
    static let storing = fetching + [.fetched(.copy)]
    static let committing = storing + [.storedBody(true)]
    static let releasing = fetching + [.fetched(.unshared)]
    static let alone: [Event] = [.began(isLinkUp: false)]

    static let lease = Machine.Ground.lease(until: 12_000)

    struct Row: Sendable {
        var way: [Event]
        var hasCallers = true
        var at: UInt64 = 1_000
        var event: Event
        var actions: [Action]
    }

    static let rows: [Row] = [
        // The beginning.
        Row(way: [], event: .began(), actions: [.askRecord]),
        Row(way: [], event: .began(knows: false), actions: [.askGenerations]),
        Row(way: [], event: .began(isLinkUp: false), actions: [.fetch(limit: 10_000, .alone(.linkDown))]),
        Row(way: [.began(knows: false)], event: .generations, actions: [.askRecord]),
        Row(
            way: [.began(knows: false)], at: 1_500, event: .time,
            actions: [.fetch(limit: 10_000, .alone(.engineFailed))]),
        Row(way: asking, event: .generations, actions: []),
        // The record.
        Row(way: asking, event: .record(.fresh(needsBody: false)), actions: [.take, .finish]),
        Row(way: asking, event: .record(.fresh(needsBody: true)), actions: [.askBody]),
        Row(way: asking, event: .record(.none), actions: [.askLease]),
        Row(way: asking, at: 1_499, event: .time, actions: []),
        Row(way: asking, at: 1_500, event: .time, actions: [.fetch(limit: 10_000, .alone(.engineFailed))]),
        Row(
            way: asking, at: 1_200, event: .failed(isLinkDown: true),
            actions: [.fetch(limit: 10_000, .alone(.linkDown))]),
        Row(way: askingBody, event: .body(true), actions: [.take, .finish]),
        Row(way: askingBody, event: .body(false), actions: [.askLease]),
        // The lease.
        Row(way: askingLease, event: .lease(true), actions: [.fetch(limit: 10_000, lease)]),
        Row(way: askingLease, event: .lease(false), actions: [.askHolder]),
        Row(way: askingLease, event: .lease(false, .fresh(needsBody: false)), actions: [.take, .finish]),
        Row(way: askingLease, event: .lease(true, .fresh(needsBody: false)), actions: [.take, .release(.lookAgain)]),
        Row(way: askingLease, event: .lease(true, .fresh(needsBody: true)), actions: [.askBody]),
        Row(
            way: askingLease + [.lease(true, .fresh(needsBody: true))], event: .body(true),
            actions: [.take, .release(.lookAgain)]),
        Row(
            way: askingLease + [.lease(true, .fresh(needsBody: true))], event: .body(false),
            actions: [.fetch(limit: 10_000, lease)]),
        // A reply that comes when the lease may have been taken over is none.
        Row(
            way: askingLease, hasCallers: false, at: 3_499, event: .lease(true), actions: [.fetch(limit: 8_500, lease)]),
        Row(
            way: askingLease, hasCallers: false, at: 3_500, event: .lease(true),
            actions: [.release(.lookAgain), .fetch(limit: 10_000, .alone(.engineFailed))]),
        Row(
            way: askingLease, event: .failed(isLinkDown: false), actions: [.fetch(limit: 10_000, .alone(.engineFailed))]
        ),
        Row(way: askingHolder, event: .holder(nil), actions: [.askRecord]),
        Row(way: askingHolder, event: .holder(own, isOwn: true), actions: [.fetch(limit: 10_000, lease)]),
        Row(way: askingHolder, event: .holder(other), actions: []),
        Row(way: askingHolder + [.heard(.stored)], event: .holder(other), actions: [.askRecord]),
        // Waiting.
        Row(way: waiting, at: 3_000, event: .heard(.stored), actions: [.askRecord]),
        Row(way: waiting, event: .heard(.failed(other, pause: 5)), actions: [.backOff(5), .finish]),
        Row(way: waiting, event: .heard(.failed(third, pause: 5)), actions: []),
        Row(way: waiting, event: .heard(.ended(other, fetchAlone: false)), actions: [.askRecord]),
        Row(
            way: waiting, event: .heard(.ended(other, fetchAlone: true)),
            actions: [.fetch(limit: 10_000, .alone(.notShared))]),
        Row(
            way: waiting, hasCallers: false, event: .heard(.ended(other, fetchAlone: true)),
            actions: [.giveUp, .finish]),
        Row(way: waiting, event: .heard(.ended(third, fetchAlone: true)), actions: []),
        Row(way: waiting, at: 3_499, event: .time, actions: []),
        Row(way: waiting, at: 3_500, event: .time, actions: [.replaceLease(other)]),
        Row(way: waiting, at: 6_000, event: .time, actions: [.fetch(limit: 5_500, .alone(.bound))]),
        Row(way: waiting, hasCallers: false, at: 12_000, event: .time, actions: []),
        Row(way: waiting, hasCallers: false, at: 12_001, event: .time, actions: [.askRecord]),
        Row(
            way: waiting, at: 2_000, event: .failed(isLinkDown: true),
            actions: [.fetch(limit: 9_500, .alone(.linkDown))]),
        Row(way: askingHolder + [.holder(other, remaining: 40)], at: 1_041, event: .time, actions: [.askRecord]),
        // A lease that is old already is taken over at once.
        Row(way: askingHolder + [.holder(other, remaining: 8_000)], event: .time, actions: [.replaceLease(other)]),
        // Fetching.
        Row(way: fetching, event: .fetched(.copy), actions: [.storeBody]),
        Row(way: fetching, event: .fetched(.outdated), actions: [.release(.lookAgain)]),
        Row(way: fetching, event: .fetched(.refused), actions: [.release(.lookAgain)]),
        Row(way: fetching, event: .fetched(.unshared), actions: [.release(.fetchAlone)]),
        Row(way: fetching, event: .fetched(.failed(pause: 9)), actions: [.release(.failed(pause: 9))]),
        Row(way: fetching, at: 12_000, event: .fetched(.copy), actions: [.finish]),
        Row(way: fetching, event: .failed(isLinkDown: true), actions: []),
        // Without the link there is nobody to store it with, and nobody who answers that the lease is released.
        Row(way: fetching + [.failed(isLinkDown: true)], event: .fetched(.copy, isLinkUp: false), actions: [.finish]),
        Row(
            way: fetching + [.failed(isLinkDown: true)], event: .fetched(.outdated, isLinkUp: false), actions: [.finish]
        ),
        Row(
            way: fetching + [.failed(isLinkDown: true)], event: .fetched(.unshared, isLinkUp: false), actions: [.finish]
        ),
        Row(
            way: fetching + [.failed(isLinkDown: true)], event: .fetched(.failed(pause: 9), isLinkUp: false),
            actions: [.finish]),
        Row(
            way: fetching + [.failed(isLinkDown: true)], event: .fetched(.unshared),
            actions: [.release(.fetchAlone)]),
        Row(way: fetching, at: 100_000, event: .time, actions: []),
        Row(way: alone, event: .fetched(.copy), actions: [.finish]),
        Row(way: alone, event: .fetched(.failed(pause: 9)), actions: [.finish]),
        // Storing.
        Row(way: storing, event: .storedBody(true), actions: [.commit]),
        Row(way: storing, event: .storedBody(false), actions: [.release(.fetchAlone)]),
        Row(way: storing, event: .failed(isLinkDown: false), actions: [.release(.fetchAlone)]),
        Row(way: storing, event: .failed(isLinkDown: true), actions: [.finish]),
        Row(way: committing, event: .settled, actions: [.finish]),
        Row(way: committing, event: .failed(isLinkDown: false), actions: [.release(.fetchAlone)]),
        Row(way: committing, event: .failed(isLinkDown: true), actions: [.finish]),
        Row(way: releasing, event: .settled, actions: [.finish]),
        Row(way: releasing, event: .failed(isLinkDown: false), actions: [.finish]),
        // A purge.
        Row(way: asking, event: .outdated(), actions: [.askRecord]),
        Row(way: asking, event: .outdated(knows: false), actions: [.askGenerations]),
        Row(way: askingBody, event: .outdated(), actions: [.askRecord]),
        Row(way: askingLease, event: .outdated(), actions: []),
        // A record that was on the way is not taken, and neither is a body that was read under the lease.
        Row(
            way: askingLease + [.outdated()], event: .lease(true, .fresh(needsBody: false)),
            actions: [.fetch(limit: 10_000, lease)]),
        Row(
            way: askingLease + [.outdated()], event: .lease(false, .fresh(needsBody: false)), actions: [.askHolder]),
        Row(
            way: askingLease + [.lease(true, .fresh(needsBody: true))], event: .outdated(),
            actions: [.fetch(limit: 10_000, lease)]),
        Row(way: storing + [.outdated()], event: .storedBody(true), actions: [.release(.lookAgain)]),
        Row(way: waiting, event: .outdated(), actions: [.askRecord]),
        Row(way: fetching, event: .outdated(), actions: [.release(.lookAgain)]),
        Row(way: alone, event: .outdated(), actions: []),
        Row(way: fetching + [.outdated()], event: .fetched(.outdated), actions: [.finish]),
        Row(way: committing, event: .outdated(), actions: []),
    ]

    @Test(arguments: rows.indices)
    func `each event in each state has its actions`(index: Int) {
        let row = Self.rows[index]
        var machine = Machine(limits: Self.limits, hasCallers: row.hasCallers, now: 1_000)
        for event in row.way { _ = event.happen(to: &machine, at: 1_000) }
        let state = machine.state
        let actions = row.event.happen(to: &machine, at: row.at)
        #expect(actions == row.actions, "\(row.event) at \(row.at) with \(state)")
        if actions.contains(.finish) { #expect(machine.state == .over && machine.deadline == nil) }
    }

    @Test func `a lease is taken over by one and the next waits for that one`() {
        var machine = Machine(limits: Self.limits, hasCallers: true, now: 1_000)
        for event in Self.waiting { _ = event.happen(to: &machine, at: 1_000) }
        #expect(machine.timePassed(now: 3_500) == [.replaceLease(Self.other)])
        var loser = machine
        #expect(machine.tookOver(true, now: 3_510) == [.fetch(limit: 7_990, .lease(until: 14_500))])
        #expect(loser.tookOver(false, now: 3_510) == [.askHolder])
        #expect(loser.readHolder((Self.third, 10_990), isOwn: false, Moment(now: 3_520)) == [])
        #expect(loser.deadline == 6_000)
    }

    @Test func `jitter spreads the ends of waits`() {
        var deadlines: Set<UInt64> = []
        for chance in [0, 0.25, 0.5, 0.75, 0.99] {
            var machine = Machine(limits: Self.limits, hasCallers: false, now: 0)
            for event in Self.askingHolder { _ = event.happen(to: &machine, at: 0) }
            _ = machine.readHolder((Self.other, 2_000), isOwn: false, Moment(now: 0, chance: chance))
            deadlines.insert(machine.deadline ?? 0)
        }
        #expect(deadlines.count == 5 && deadlines.min() == 2_001 && deadlines.max() ?? 0 <= 2_251)
    }

    @Test func `a caller that joins a refresh bounds its wait`() {
        var machine = Machine(limits: Self.limits, hasCallers: false, now: 1_000)
        for event in Self.waiting { _ = event.happen(to: &machine, at: 1_000) }
        #expect(machine.deadline == 12_001)
        machine.callerJoined(now: 2_000)
        #expect(machine.deadline == 3_500)
        #expect(machine.timePassed(now: 7_000) == [.fetch(limit: 5_500, .alone(.bound))])
    }

    /// An engine that lies may change its generations again and again.
    @Test func `changes of the generations extend no wait for the engine`() {
        for knows in [true, false] {
            var machine = Machine(limits: Self.limits, hasCallers: true, now: 1_000)
            for event in Self.asking { _ = event.happen(to: &machine, at: 1_000) }
            for now: UInt64 in stride(from: 1_020, to: 1_500, by: 20) {
                _ = Event.outdated(knows: knows).happen(to: &machine, at: now)
                #expect(machine.deadline == 1_500)
                if !knows { _ = machine.learnedGenerations(now: now) }
            }
            #expect(machine.timePassed(now: 1_500) == [.fetch(limit: 10_000, .alone(.engineFailed))])
        }
    }

    @Test func `new callers join until there is nothing new to wait for`() {
        let ways: [([Event], Bool)] = [
            (Self.asking, true), (Self.waiting, true), (Self.fetching, true), (Self.alone, true),
            (Self.fetching + [.outdated()], false), (Self.storing, false), (Self.releasing, false),
        ]
        for (way, isOpen) in ways {
            var machine = Machine(limits: Self.limits, hasCallers: true, now: 0)
            for event in way { _ = event.happen(to: &machine, at: 0) }
            #expect(machine.isOpen == isOpen)
        }
    }
}
