import Serving
import Testing

/// Every state of a client's connection with every event that it may meet there.
@Suite struct ConnectionStatesTests {
    typealias Event = ConnectionStateMachineTests.Event
    typealias State = ConnectionStateMachine.State
    private static let tooMuch = ConnectionStateMachine.mostAhead + 1

    /// A machine in a state. `isStopped`: the client is not read.
    static func machine(_ state: State, isStopped: Bool = false) -> ConnectionStateMachine {
        let way: [Event] =
            switch state {
            case .idle: []
            case .reading: [.part]
            case .answering: [.head()]
            case .parked: [.parks]
            case .waiting: [.head(), .waits]
            case .gathering: [.head(), .gathers]
            case .passing(.flowing): [.head(), .passes(hasBody: true)]
            case .passing(.blocked): [.head(), .passes(hasBody: true), .body, .passedBody(hasRoom: false)]
            case .passing(.whole): [.head(), .passes()]
            case .flushing: [.head(), .blocked(10)]
            case .ending: [.closed]
            }
        let before: [Event] = isStopped ? [.head(), .blocked(10), .drained, .answered()] : []
        var machine = ConnectionStateMachine(at: 0, ConnectionStateMachineTests.limits)
        for event in before + way { _ = event.happen(to: &machine, at: 0) }
        return machine
    }

    /// What an event does in a state: its action, and the state after it.
    struct Row: CustomTestStringConvertible {
        let state: State
        var isStopped = false
        let events: [(event: Event, action: String, next: State)]
        var testDescription: String { "\(state)" + (isStopped ? ", not read" : "") }
    }

    private static let rows = [
        Row(
            state: .idle,
            events: [
                (.part, "", .reading), (.head(), "", .answering), (.head(keepsAlive: false), "", .answering),
                (.parks, "", .parked), (.place, "", .idle), (.noPlace, "", .idle),
                (.invalid, "", .answering), (.mustClose, "", .idle), (.kept(tooMuch), "", .idle),
                (.beginProcessing, "process", .idle), (.caughtUp, "", .idle), (.halfClosed, "end", .ending),
                (.expired(), "close", .idle), (.draining, "close", .idle), (.closed, "", .ending),
            ]),
        Row(state: .idle, isStopped: true, events: [(.caughtUp, "resume", .idle), (.halfClosed, "end", .ending)]),
        Row(
            state: .reading,
            events: [
                (.part, "", .reading), (.head(), "", .answering), (.invalid, "", .answering), (.parks, "", .parked),
                (.mustClose, "", .reading), (.kept(tooMuch), "", .reading), (.beginProcessing, "process", .reading),
                (.caughtUp, "", .reading), (.halfClosed, "end", .ending), (.expired(), "answerTimeout", .answering),
                (.draining, "", .reading), (.closed, "", .ending),
            ]),
        Row(state: .reading, isStopped: true, events: [(.caughtUp, "resume", .reading)]),
        Row(
            state: .answering,
            events: [
                (.mustClose, "", .answering), (.waits, "", .waiting), (.gathers, "", .gathering),
                (.passes(), "", .passing(.whole)), (.passes(hasBody: true), "", .passing(.flowing)),
                (.answered(), "readNext", .idle), (.answered(isDraining: true), "end", .ending),
                (.blocked(1), "stop", .flushing), (.lost, "", .ending), (.kept(tooMuch), "stop", .answering),
                (.passedBody(), "", .answering), (.room, "", .answering), (.beginProcessing, "", .answering),
                (.caughtUp, "", .answering), (.draining, "", .answering),
            ]),
        Row(state: .answering, isStopped: true, events: [(.blocked(1), "", .flushing)]),
        Row(
            state: .parked,
            events: [
                (.mustClose, "", .parked), (.place, "readAgain", .idle), (.noPlace, "answer", .answering),
                (.kept(tooMuch), "stop", .parked), (.kept(tooMuch - 1), "", .parked), (.beginProcessing, "", .parked),
                (.caughtUp, "", .parked), (.halfClosed, "", .parked), (.expired(), "refusePlace", .parked),
                (.draining, "", .parked), (.closed, "recordAborted", .ending),
            ]),
        Row(
            state: .waiting,
            events: [
                (.mustClose, "", .waiting), (.resumed, "answer", .answering), (.kept(tooMuch), "stop", .waiting),
                (.kept(tooMuch - 1), "", .waiting), (.beginProcessing, "", .waiting), (.caughtUp, "", .waiting),
                (.halfClosed, "", .waiting), (.expired(), "", .waiting), (.draining, "", .waiting),
                (.closed, "recordAborted", .ending),
            ]),
        Row(
            state: .gathering,
            events: [
                (.mustClose, "", .gathering), (.resumed, "answer", .answering), (.kept(tooMuch), "stop", .gathering),
                (.beginProcessing, "", .gathering), (.caughtUp, "", .gathering), (.halfClosed, "", .gathering),
                (.expired(), "", .gathering), (.draining, "", .gathering), (.closed, "recordAborted", .ending),
            ]),
        Row(
            state: .passing(.flowing),
            events: [
                (.mustClose, "", .passing(.flowing)), (.resumed, "answer", .answering),
                (.answered(), "readNext", .idle),
                (.drained, "relay", .passing(.flowing)), (.body, "", .passing(.flowing)),
                (.passedBody(), "", .passing(.flowing)), (.passedBody(hasRoom: false), "stop", .passing(.blocked)),
                (.passedBody(isEnd: true), "", .passing(.whole)), (.relayBlocked(1), "", .passing(.flowing)),
                (.kept(tooMuch), "", .passing(.flowing)), (.beginProcessing, "process", .passing(.flowing)),
                (.caughtUp, "", .passing(.flowing)), (.halfClosed, "askRelay", .passing(.flowing)),
                (.expired(), "breakRelay", .passing(.flowing)), (.draining, "", .passing(.flowing)),
                (.closed, "cancelRelay", .ending),
            ]),
        Row(state: .passing(.flowing), isStopped: true, events: [(.caughtUp, "resume", .passing(.flowing))]),
        Row(
            state: .passing(.blocked),
            events: [
                (.mustClose, "", .passing(.blocked)), (.resumed, "answer", .answering),
                (.answered(), "readNext", .idle),
                (.drained, "relay", .passing(.blocked)), (.room, "process", .passing(.flowing)),
                (.relayBlocked(1), "", .passing(.blocked)), (.kept(tooMuch), "", .passing(.blocked)),
                (.beginProcessing, "", .passing(.blocked)), (.caughtUp, "", .passing(.blocked)),
                (.halfClosed, "askRelay", .passing(.blocked)), (.expired(), "close", .passing(.blocked)),
                (.draining, "", .passing(.blocked)), (.closed, "cancelRelay", .ending),
            ]),
        Row(
            state: .passing(.whole),
            events: [
                (.mustClose, "", .passing(.whole)), (.resumed, "answer", .answering), (.answered(), "readNext", .idle),
                (.drained, "relay", .passing(.whole)), (.relayBlocked(1), "", .passing(.whole)),
                (.kept(tooMuch), "stop", .passing(.whole)), (.beginProcessing, "", .passing(.whole)),
                (.caughtUp, "", .passing(.whole)), (.halfClosed, "askRelay", .passing(.whole)),
                (.expired(), "close", .passing(.whole)), (.draining, "", .passing(.whole)),
                (.closed, "cancelRelay", .ending),
            ]),
        Row(
            state: .flushing,
            events: [
                (.mustClose, "", .flushing), (.answered(), "readNext", .idle), (.drained, "finish", .flushing),
                (.kept(tooMuch), "", .flushing), (.passedBody(), "", .flushing), (.room, "", .flushing),
                (.beginProcessing, "", .flushing), (.caughtUp, "", .flushing), (.halfClosed, "", .flushing),
                (.expired(queued: 9), "", .flushing), (.expired(queued: 10), "close", .flushing),
                (.draining, "", .flushing), (.closed, "", .ending),
            ]),
        Row(
            state: .ending,
            events: [
                (.mustClose, "", .ending), (.resumed, "", .ending), (.drained, "", .ending),
                (.passedBody(), "", .ending), (.room, "", .ending), (.kept(tooMuch), "", .ending),
                (.beginProcessing, "", .ending), (.caughtUp, "", .ending), (.halfClosed, "", .ending),
                (.expired(), "", .ending), (.draining, "", .ending), (.closed, "", .ending),
            ]),
    ]

    @Test(arguments: rows) func `each state has its events`(row: Row) {
        for (event, action, next) in row.events {
            var machine = Self.machine(row.state, isStopped: row.isStopped)
            #expect(machine.state == row.state)
            #expect(event.happen(to: &machine, at: 50) == action, "\(event)")
            #expect(machine.state == next, "\(event)")
        }
    }

    @Test func `bytes are processed in three states`() {
        let consuming: [State] = [.idle, .reading, .passing(.flowing)]
        let others: [State] = [
            .answering, .parked, .waiting, .gathering, .passing(.blocked), .passing(.whole), .flushing, .ending,
        ]
        for state in consuming { #expect(Self.machine(state).isConsuming, "\(state)") }
        for state in others { #expect(!Self.machine(state).isConsuming, "\(state)") }
    }

    @Test func `a deadline has passed at its end, and none never does`() {
        for deadline: ConnectionStateMachine.Deadline in [.header(10), .body(10), .idle(10), .place(10)] {
            #expect(!deadline.hasPassed(at: 9) && deadline.hasPassed(at: 10) && deadline.hasPassed(at: 11))
        }
        #expect(!ConnectionStateMachine.Deadline.none.hasPassed(at: .max))
    }

    @Test func `whether it closes is said before the answer is written`() {
        var machine = Self.machine(.idle)
        machine.receivedHead(keepsAlive: true)
        #expect(!machine.closes)
        machine.closeAfterAnswer()
        #expect(machine.closes)
        machine = Self.machine(.reading)
        machine.receivedInvalid()
        #expect(machine.closes)
        machine = Self.machine(.reading)
        _ = machine.expired(queued: 0, at: 50, ConnectionStateMachineTests.limits)
        #expect(machine.closes)
    }

    @Test func `it is idle since its last answer, or since it was opened`() {
        let limits = ConnectionStateMachineTests.limits
        var machine = ConnectionStateMachine(at: 7, limits)
        #expect(machine.idleSince(limits) == 7)
        _ = Event.head().happen(to: &machine, at: 50)
        #expect(machine.idleSince(limits) == nil)
        _ = Event.answered().happen(to: &machine, at: 60)
        #expect(machine.idleSince(limits) == 60)
        _ = Event.part.happen(to: &machine, at: 70)
        #expect(machine.idleSince(limits) == nil)
    }

    @Test func `the end of input is final`() {
        var machine = Self.machine(.waiting)
        #expect(machine.input == .flowing)
        #expect(Event.kept(Self.tooMuch).happen(to: &machine, at: 50) == "stop")
        #expect(machine.input == .stopped)
        #expect(Event.halfClosed.happen(to: &machine, at: 50) == "")
        #expect(machine.input == .ended)
        #expect(Event.resumed.happen(to: &machine, at: 50) == "answer")
        #expect(Event.blocked(1).happen(to: &machine, at: 50) == "")
        #expect(machine.input == .ended)
    }

    @Test func `an event that cannot happen stops a debug build`() async {
        await #expect(processExitsWith: .failure) { Self.happen(.part, .waiting) }
        await #expect(processExitsWith: .failure) { Self.happen(.head(), .answering) }
        await #expect(processExitsWith: .failure) { Self.happen(.head(), .flushing) }
        await #expect(processExitsWith: .failure) { Self.happen(.invalid, .ending) }
        await #expect(processExitsWith: .failure) { Self.happen(.parks, .answering) }
        await #expect(processExitsWith: .failure) { Self.happen(.waits, .idle) }
        await #expect(processExitsWith: .failure) { Self.happen(.gathers, .waiting) }
        await #expect(processExitsWith: .failure) { Self.happen(.passes(), .reading) }
        await #expect(processExitsWith: .failure) { Self.happen(.resumed, .idle) }
        await #expect(processExitsWith: .failure) { Self.happen(.resumed, .flushing) }
        await #expect(processExitsWith: .failure) { Self.happen(.answered(), .idle) }
        await #expect(processExitsWith: .failure) { Self.happen(.answered(), .waiting) }
        await #expect(processExitsWith: .failure) { Self.happen(.answered(), .ending) }
        await #expect(processExitsWith: .failure) { Self.happen(.blocked(1), .idle) }
        await #expect(processExitsWith: .failure) { Self.happen(.lost, .waiting) }
        await #expect(processExitsWith: .failure) { Self.happen(.drained, .idle) }
        await #expect(processExitsWith: .failure) { Self.happen(.drained, .waiting) }
        await #expect(processExitsWith: .failure) { Self.happen(.body, .passing(.whole)) }
        await #expect(processExitsWith: .failure) { Self.happen(.body, .idle) }
        await #expect(processExitsWith: .failure) { Self.happen(.passedBody(), .passing(.blocked)) }
        await #expect(processExitsWith: .failure) { Self.happen(.room, .passing(.flowing)) }
        await #expect(processExitsWith: .failure) { Self.happen(.relayBlocked(1), .flushing) }
        await #expect(processExitsWith: .failure) { Self.happen(.halfClosed, .answering) }
        await #expect(processExitsWith: .failure) { Self.happen(.expired(), .answering) }
        await #expect(processExitsWith: .failure) { Self.happen(.closed, .answering) }
    }

    private static func happen(_ event: Event, _ state: State) {
        var machine = machine(state)
        _ = event.happen(to: &machine, at: 50)
    }
}
