import Fleet
import Testing

/// The link, event by event: no socket, no clock.
@Suite struct LinkStateMachineTests {
    enum Event {
        case time(UInt64)
        case connected
        case accepted
        case failed(LinkFailure)
    }

    /// Times are those of the event before, unless it is `time`.
    static func run(_ events: [Event], chance: Double = 0) -> (
        machine: LinkStateMachine, actions: [[LinkStateMachine.Action]]
    ) {
        var machine = LinkStateMachine(limits: Limits())
        var now: UInt64 = 0
        var actions: [[LinkStateMachine.Action]] = []
        for event in events {
            switch event {
            case .time(let at):
                now = at
                actions.append(machine.timePassed(Moment(now: now, chance: chance)))
            case .connected: actions.append(machine.connected(Moment(now: now, chance: chance)))
            case .accepted: actions.append(machine.accepted())
            case .failed(let failure): actions.append(machine.failed(failure, Moment(now: now, chance: chance)))
            }
        }
        return (machine, actions)
    }

    static let up: [Event] = [.time(0), .connected, .accepted]
    static let refused = LinkFailure.connection("connection refused")

    @Test func `a connection is used after the engine has accepted a write on it`() {
        let (machine, actions) = Self.run(Self.up)
        #expect(actions == [[.connect(.configured)], [.sendProbe], [.begin, .log(.up)]])
        #expect(machine.isUp && machine.deadline == nil)
        #expect(!Self.run([.time(0), .connected]).machine.isUp)
    }

    @Test(arguments: [[.time(0)], [.time(0), .connected]] as [[Event]])
    func `a connection or a first write that takes too long is a failure`(start: [Event]) {
        let (machine, actions) = Self.run(start + [.time(499), .time(500)])
        #expect(actions[start.count].isEmpty)
        #expect(actions.last == [.drop, .log(.lost(.timeout))])
        #expect(machine.state == .idle(until: 550))
    }

    static let failures: [(LinkFailure, LinkStateMachine.State, [LinkStateMachine.Action])] = [
        (refused, .idle(until: 50), [.drop, .log(.lost(refused))]),
        (.timeout, .idle(until: 50), [.drop, .log(.lost(.timeout))]),
        (.nonsense, .idle(until: 50), [.drop, .log(.lost(.nonsense))]),
        (.engine(.readOnly), .idle(until: 50), [.drop, .log(.lost(.engine(.readOnly)))]),
        (.engine(.loading), .idle(until: 50), [.drop, .log(.lost(.engine(.loading)))]),
        (.engine(.unauthorized), .idle(until: 50), [.drop, .log(.lost(.engine(.unauthorized)))]),
        (.engine(.clusterDown), .idle(until: 50), [.drop, .log(.lost(.engine(.clusterDown)))]),
        (.engine(.moved(to: "h:1")), .connecting(isProbe: false, until: 500), [.drop, .connect(.node("h:1"))]),
        (.engine(.outOfMemory), .up, []),
        (.engine(.forbidden), .up, []),
        (.engine(.other("ERR")), .up, []),
    ]

    @Test(arguments: failures.indices)
    func `each failure of a link in use has its consequence`(index: Int) {
        let (failure, state, expected) = Self.failures[index]
        let (machine, actions) = Self.run(Self.up + [.failed(failure)])
        #expect(machine.state == state)
        #expect(actions.last == expected)
    }

    @Test func `five failures of any kind open the breaker with one line`() {
        let (machine, actions) = Self.run(
            Self.up + [
                .failed(.engine(.outOfMemory)), .failed(.engine(.other("ERR"))), .failed(.engine(.forbidden)),
                .failed(.engine(.outOfMemory)), .failed(.engine(.outOfMemory)),
            ])
        #expect(actions.dropFirst(3).dropLast().flatMap { $0 }.isEmpty)
        #expect(actions.last == [.drop, .log(.opened(.engine(.outOfMemory)))])
        #expect(machine.state == .open(until: 500))
    }

    @Test func `an accepted write ends a row of failures`() {
        let failure = Event.failed(.engine(.other("ERR")))
        let four = [failure, failure, failure, failure]
        #expect(Self.run(Self.up + four + [failure]).machine.isUp == false)
        #expect(Self.run(Self.up + four + [.accepted, failure]).machine.isUp)
    }

    @Test func `a failure half a minute ago does not count`() {
        let failure = Event.failed(.engine(.other("ERR")))
        let row = Self.up + [failure, failure, failure, failure]
        #expect(!Self.run(row + [.time(30_000), failure]).machine.isUp)
        #expect(Self.run(row + [.time(30_001), failure]).machine.isUp)
    }

    @Test func `an open breaker tries one connection at a time and logs nothing of it`() {
        let failure = Event.failed(.engine(.other("ERR")))
        let (machine, actions) = Self.run(
            Self.up + [failure, failure, failure, failure, failure] + [
                .time(499), .time(500), .time(500), .failed(Self.refused), .time(1_500), .connected, .accepted,
            ])
        #expect(
            Array(actions.dropFirst(8)) == [
                [], [.connect(.configured)], [], [.drop], [.connect(.configured)], [.sendProbe], [.begin, .log(.up)],
            ])
        #expect(machine.isUp)
    }

    @Test func `one line is written for each change`() {
        let (_, actions) = Self.run([
            .time(0), .failed(Self.refused), .time(50), .failed(.timeout), .time(200), .failed(Self.refused),
            .time(500),
            .connected, .accepted, .failed(.timeout),
        ])
        let lines = actions.flatMap { $0 }.compactMap { if case .log(let notice) = $0 { notice } else { nil } }
        #expect(lines == [.lost(Self.refused), .up, .lost(.timeout)])
    }

    @Test(arguments: [0, 0.5, 0.999])
    func `pauses double up to half a minute and end in their second half`(chance: Double) {
        var machine = LinkStateMachine(limits: Limits())
        var now: UInt64 = 0
        var pauses: [UInt64] = []
        for _ in 0..<14 {
            _ = machine.timePassed(Moment(now: now, chance: chance))
            _ = machine.failed(Self.refused, Moment(now: now, chance: chance))
            pauses.append((machine.deadline ?? 0) - now)
            now = machine.deadline ?? 0
        }
        let longest: [UInt64] = [100, 200, 400, 800, 16_000, 30_000, 30_000]
        for (pause, longest) in zip(pauses, longest) {
            #expect(pause >= longest / 2 && pause < longest)
        }
    }

    @Test func `redirections in a row are followed three times at once`() {
        let redirection = [Event.failed(.engine(.moved(to: "h:2")))]
        let again: [Event] = [.connected, .accepted]
        let (machine, actions) = Self.run(
            Self.up + redirection + again + redirection + again + redirection + again + redirection)
        #expect(machine.state == .idle(until: 50))
        #expect(actions.count { $0.contains(.connect(.node("h:2"))) } == 3)
    }
}
