import Serving
import Testing

/// The transitions of a client's connection, event by event: no socket, no clock.
@Suite struct ConnectionStateMachineTests {
    typealias State = ConnectionStateMachine.State
    typealias Deadline = ConnectionStateMachine.Deadline

    enum Event {
        case part
        case head(keepsAlive: Bool = true)
        case invalid
        case mustClose
        case parks
        case place
        case noPlace
        case waits
        case gathers
        case passes(keepsAlive: Bool = true, hasBody: Bool = false)
        case resumed
        case answered(isDraining: Bool = false)
        case blocked(Int)
        case lost
        case drained
        case body
        case passedBody(hasRoom: Bool = true, isEnd: Bool = false)
        case room
        case relayBlocked(Int)
        case kept(Int)
        case beginProcessing
        case endProcessing
        case caughtUp
        case halfClosed
        case expired(queued: Int = 0)
        case draining
        case closed

        /// Tells the machine, and answers with its action; "" for none.
        func happen(to machine: inout ConnectionStateMachine, at now: UInt64) -> String {
            let limits = ConnectionStateMachineTests.limits
            var action = "none"
            switch self {
            case .part: machine.receivedPart(at: now, limits)
            case .head(let keepsAlive): machine.receivedHead(keepsAlive: keepsAlive)
            case .invalid: machine.receivedInvalid()
            case .mustClose: machine.closeAfterAnswer()
            case .parks: machine.parked(at: now, limits)
            case .place: action = machine.gotPlace(at: now, limits) ? "readAgain" : "none"
            case .noPlace: action = machine.gotNoPlace() ? "answer" : "none"
            case .waits: machine.beganWaiting()
            case .gathers: machine.beganGathering()
            case .passes(let keepsAlive, let hasBody):
                machine.beganPassing(keepsAlive: keepsAlive, hasBody: hasBody, at: now, limits)
            case .resumed: action = machine.resumed() ? "answer" : "none"
            case .answered(let isDraining): action = "\(machine.answered(isDraining: isDraining, at: now, limits))"
            case .blocked(let queued): action = "\(machine.blocked(queued: queued, at: now, limits))"
            case .lost: machine.lost()
            case .drained: action = "\(machine.drained(at: now, limits))"
            case .body: machine.receivedBody(at: now, limits)
            case .passedBody(let hasRoom, let isEnd): action = "\(machine.passedBody(hasRoom: hasRoom, isEnd: isEnd))"
            case .room: action = machine.gotRoom(at: now, limits) ? "process" : "none"
            case .relayBlocked(let queued): machine.relayBlocked(queued: queued, at: now, limits)
            case .kept(let count): action = "\(machine.keptAhead(count))"
            case .beginProcessing: action = machine.beginProcessing() ? "process" : "none"
            case .endProcessing: machine.endProcessing()
            case .caughtUp: action = "\(machine.caughtUp())"
            case .halfClosed: action = "\(machine.inputEnded())"
            case .expired(let queued): action = "\(machine.expired(queued: queued, at: now, limits))"
            case .draining: action = machine.beganDraining() ? "close" : "none"
            case .closed: action = "\(machine.closed())"
            }
            return action == "none" ? "" : action
        }
    }

    static let limits = ConnectionStateMachine.TimeLimits(header: 10, body: 20, idle: 30, place: 40)
    private static let tooMuch = ConnectionStateMachine.mostAhead + 1

    // MARK: Whole connections

    /// An event, its action, and what the machine is then. A nil deadline is the one before.
    struct Step {
        let event: Event
        let action: String
        let state: State
        let deadline: Deadline?

        init(_ event: Event, _ action: String, _ state: State, _ deadline: Deadline? = nil) {
            self.event = event
            self.action = action
            self.state = state
            self.deadline = deadline
        }
    }

    /// A connection that begins at 0. Its first event happens at 100, the next at 200, and so on.
    struct Course: CustomTestStringConvertible {
        let testDescription: String
        let steps: [Step]

        init(_ description: String, _ steps: Step...) {
            testDescription = description
            self.steps = steps
        }
    }

    private static let requests = [
        Course(
            "a request that waits for a place is read again when it has one", Step(.part, "", .reading, .header(110)),
            Step(.parks, "", .parked, .place(240)), Step(.kept(tooMuch), "stop", .parked),
            Step(.place, "readAgain", .idle, .header(410)), Step(.head(), "", .answering),
            Step(.answered(), "readNext", .idle, .idle(630))),
        Course(
            "and answered with an error when it gets none", Step(.parks, "", .parked, .place(140)),
            Step(.expired(), "refusePlace", .parked, Deadline.none), Step(.noPlace, "answer", .answering),
            Step(.answered(), "end", .ending)),
        Course(
            "hits on a kept connection", Step(.head(), "", .answering),
            Step(.answered(), "readNext", .idle, .idle(230)),
            Step(.head(), "", .answering), Step(.answered(), "readNext", .idle, .idle(430)),
            Step(.expired(), "close", .idle), Step(.closed, "", .ending, Deadline.none)),
        Course(
            "a head that comes in parts has its time from the first of them", Step(.part, "", .reading, .header(110)),
            Step(.part, "", .reading), Step(.head(), "", .answering), Step(.answered(), "readNext", .idle, .idle(430)),
            Step(.part, "", .reading, .header(510))),
        Course(
            "a head that never ends is answered, and the connection closes", Step(.part, "", .reading, .header(110)),
            Step(.expired(), "answerTimeout", .answering), Step(.answered(), "end", .ending, Deadline.none),
            Step(.expired(), "", .ending), Step(.closed, "", .ending)),
        Course(
            "a connection on which nothing comes closes without a word", Step(.expired(), "close", .idle),
            Step(.closed, "", .ending, Deadline.none)),
        Course(
            "what is no request is answered, and the connection closes", Step(.part, "", .reading, .header(110)),
            Step(.invalid, "", .answering), Step(.answered(), "end", .ending, Deadline.none)),
        Course(
            "a request may ask for the close", Step(.head(keepsAlive: false), "", .answering),
            Step(.answered(), "end", .ending, Deadline.none)),
        Course(
            "and so may its answer", Step(.head(), "", .answering), Step(.mustClose, "", .answering),
            Step(.answered(), "end", .ending, Deadline.none)),
        Course(
            "what one request asked for is not the next one's", Step(.head(), "", .answering),
            Step(.answered(), "readNext", .idle, .idle(230)), Step(.head(keepsAlive: false), "", .answering),
            Step(.answered(), "end", .ending, Deadline.none)),
    ]

    private static let waits = [
        Course(
            "a request waits for fetches, twice, and the client has all the time", Step(.head(), "", .answering),
            Step(.waits, "", .waiting, Deadline.none), Step(.expired(), "", .waiting),
            Step(.resumed, "answer", .answering),
            Step(.waits, "", .waiting), Step(.resumed, "answer", .answering),
            Step(.answered(), "readNext", .idle, .idle(730)), Step(.caughtUp, "", .idle)),
        Course(
            "a request waits for all loops", Step(.head(), "", .answering),
            Step(.gathers, "", .gathering, Deadline.none),
            Step(.resumed, "answer", .answering), Step(.answered(), "readNext", .idle, .idle(430))),
        Course(
            "a client that ends its side gets its answer, then the end", Step(.head(), "", .answering),
            Step(.waits, "", .waiting, Deadline.none), Step(.halfClosed, "", .waiting),
            Step(.resumed, "answer", .answering), Step(.answered(), "readNext", .idle, .idle(530)),
            Step(.caughtUp, "end", .ending, Deadline.none)),
        Course(
            "the answer to one that has left is nobody's", Step(.head(), "", .answering),
            Step(.waits, "", .waiting, Deadline.none), Step(.closed, "recordAborted", .ending),
            Step(.resumed, "", .ending)),
        Course(
            "what is sent ahead is kept, up to a bound, until the answer is sent", Step(.head(), "", .answering),
            Step(.waits, "", .waiting, Deadline.none), Step(.kept(64 << 10), "", .waiting),
            Step(.kept(tooMuch), "stop", .waiting), Step(.kept(tooMuch + 1), "", .waiting),
            Step(.resumed, "answer", .answering), Step(.answered(), "readNext", .idle, .idle(730)),
            Step(.beginProcessing, "process", .idle), Step(.head(), "", .answering),
            Step(.answered(), "readNext", .idle, .idle(1_030)), Step(.beginProcessing, "", .idle),
            Step(.caughtUp, "", .idle), Step(.endProcessing, "", .idle), Step(.caughtUp, "resume", .idle),
            Step(.caughtUp, "", .idle)),
        Course(
            "a long head is not sent ahead", Step(.part, "", .reading, .header(110)), Step(.kept(tooMuch), "", .reading)
        ),
    ]

    private static let slow = [
        Course(
            "a client that reads slowly is waited for as long as it reads", Step(.head(), "", .answering),
            Step(.blocked(1_000), "stop", .flushing, .body(220)),
            Step(.expired(queued: 999), "", .flushing, .body(320)),
            Step(.expired(queued: 998), "", .flushing, .body(420)), Step(.expired(queued: 998), "close", .flushing),
            Step(.closed, "", .ending, Deadline.none)),
        Course(
            "a client that has read all of it goes on", Step(.head(), "", .answering),
            Step(.blocked(1_000), "stop", .flushing, .body(220)), Step(.drained, "finish", .flushing),
            Step(.answered(), "readNext", .idle, .idle(430)), Step(.caughtUp, "resume", .idle)),
        Course(
            "the end waits for it, too", Step(.head(keepsAlive: false), "", .answering),
            Step(.blocked(1_000), "stop", .flushing, .body(220)), Step(.halfClosed, "", .flushing),
            Step(.drained, "finish", .flushing), Step(.answered(), "end", .ending, Deadline.none)),
        Course(
            "half a request that was sent ahead of the client's end is none", Step(.head(), "", .answering),
            Step(.blocked(1_000), "stop", .flushing, .body(220)), Step(.halfClosed, "", .flushing),
            Step(.drained, "finish", .flushing), Step(.answered(), "readNext", .idle, .idle(530)),
            Step(.part, "", .reading, .header(610)), Step(.caughtUp, "end", .ending, Deadline.none)),
        Course(
            "a socket that is closed takes no answer", Step(.head(), "", .answering),
            Step(.lost, "", .ending, Deadline.none), Step(.closed, "", .ending)),
    ]

    private static let relays = [
        Course(
            "a request without a body is passed through", Step(.head(), "", .answering),
            Step(.passes(), "", .passing(.whole), Deadline.none), Step(.kept(tooMuch), "stop", .passing(.whole)),
            Step(.answered(), "readNext", .idle, .idle(430)), Step(.caughtUp, "resume", .idle)),
        Course(
            "a body that is passed through does not close the connection",
            Step(.head(keepsAlive: false), "", .answering),
            Step(.passes(hasBody: true), "", .passing(.flowing), .body(220)),
            Step(.body, "", .passing(.flowing), .body(320)), Step(.passedBody(), "", .passing(.flowing)),
            Step(.body, "", .passing(.flowing), .body(520)),
            Step(.passedBody(isEnd: true), "", .passing(.whole), Deadline.none),
            Step(.answered(), "readNext", .idle, .idle(730))),
        Course(
            "unless the request asks for it", Step(.head(keepsAlive: false), "", .answering),
            Step(.passes(keepsAlive: false), "", .passing(.whole), Deadline.none),
            Step(.answered(), "end", .ending)),
        Course(
            "a client is not read, and has all the time, while upstream is full", Step(.head(), "", .answering),
            Step(.passes(hasBody: true), "", .passing(.flowing), .body(220)),
            Step(.body, "", .passing(.flowing), .body(320)),
            Step(.passedBody(hasRoom: false), "stop", .passing(.blocked), Deadline.none),
            Step(.expired(), "close", .passing(.blocked)), Step(.caughtUp, "", .passing(.blocked)),
            Step(.room, "process", .passing(.flowing), .body(720)), Step(.caughtUp, "resume", .passing(.flowing))),
        Course(
            "the last part of a body does not stop the reading, so that a client is seen to leave",
            Step(.head(), "", .answering), Step(.passes(hasBody: true), "", .passing(.flowing), .body(220)),
            Step(.body, "", .passing(.flowing), .body(320)),
            Step(.passedBody(hasRoom: false, isEnd: true), "", .passing(.whole), Deadline.none),
            Step(.halfClosed, "askRelay", .passing(.whole)), Step(.closed, "cancelRelay", .ending)),
        Course(
            "a body that stays away ends the relay with an error", Step(.head(), "", .answering),
            Step(.passes(hasBody: true), "", .passing(.flowing), .body(220)),
            Step(.expired(), "breakRelay", .passing(.flowing)), Step(.resumed, "answer", .answering),
            Step(.mustClose, "", .answering), Step(.answered(), "end", .ending, Deadline.none)),
        Course(
            "a relay that ends within a part of the body wants no more of it", Step(.head(), "", .answering),
            Step(.passes(hasBody: true), "", .passing(.flowing), .body(220)),
            Step(.body, "", .passing(.flowing), .body(320)), Step(.resumed, "answer", .answering),
            Step(.mustClose, "", .answering), Step(.answered(), "end", .ending, Deadline.none),
            Step(.passedBody(), "", .ending), Step(.room, "", .ending)),
        Course(
            "a client that reads a relayed answer slowly is waited for as long as it reads",
            Step(.head(), "", .answering), Step(.passes(), "", .passing(.whole), Deadline.none),
            Step(.relayBlocked(1_000), "", .passing(.whole), .body(320)),
            Step(.expired(queued: 900), "", .passing(.whole), .body(420)),
            Step(.expired(queued: 900), "close", .passing(.whole)), Step(.closed, "cancelRelay", .ending, Deadline.none)
        ),
        Course(
            "what it has read does not excuse that it sends nothing", Step(.head(), "", .answering),
            Step(.passes(hasBody: true), "", .passing(.flowing), .body(220)),
            Step(.relayBlocked(1_000), "", .passing(.flowing), .body(320)),
            Step(.drained, "relay", .passing(.flowing), .body(420)),
            Step(.expired(), "breakRelay", .passing(.flowing))),
        Course(
            "nor does the end of what it sends excuse that it reads nothing", Step(.head(), "", .answering),
            Step(.passes(hasBody: true), "", .passing(.flowing), .body(220)),
            Step(.relayBlocked(1_000), "", .passing(.flowing), .body(320)),
            Step(.body, "", .passing(.flowing), .body(420)),
            Step(.passedBody(isEnd: true), "", .passing(.whole), .body(420)),
            Step(.expired(queued: 1_000), "close", .passing(.whole))),
        Course(
            "nor does an upstream that takes no more of it", Step(.head(), "", .answering),
            Step(.passes(hasBody: true), "", .passing(.flowing), .body(220)),
            Step(.relayBlocked(1_000), "", .passing(.flowing), .body(320)),
            Step(.body, "", .passing(.flowing), .body(420)),
            Step(.passedBody(hasRoom: false), "stop", .passing(.blocked), .body(420)),
            Step(.expired(queued: 1_000), "close", .passing(.blocked))),
        Course(
            "once it has read all, upstream has all the time", Step(.head(), "", .answering),
            Step(.passes(), "", .passing(.whole), Deadline.none),
            Step(.relayBlocked(1_000), "", .passing(.whole), .body(320)),
            Step(.drained, "relay", .passing(.whole), Deadline.none)),
        Course(
            "a request that was sent ahead and is passed through gets its body", Step(.head(), "", .answering),
            Step(.blocked(1_000), "stop", .flushing, .body(220)), Step(.drained, "finish", .flushing),
            Step(.answered(), "readNext", .idle, .idle(430)), Step(.head(), "", .answering),
            Step(.passes(hasBody: true), "", .passing(.flowing), .body(620)),
            Step(.caughtUp, "resume", .passing(.flowing))),
        Course(
            "and one without a body is read as well, so that its client is seen to leave",
            Step(.head(), "", .answering),
            Step(.blocked(1_000), "stop", .flushing, .body(220)), Step(.drained, "finish", .flushing),
            Step(.answered(), "readNext", .idle, .idle(430)), Step(.head(), "", .answering),
            Step(.passes(), "", .passing(.whole), Deadline.none), Step(.caughtUp, "resume", .passing(.whole))),
    ]

    private static let stops = [
        Course("an idle connection closes when Larder stops", Step(.draining, "close", .idle)),
        Course(
            "half a head is waited for", Step(.part, "", .reading, .header(110)), Step(.draining, "", .reading),
            Step(.head(keepsAlive: false), "", .answering), Step(.answered(), "end", .ending, Deadline.none)),
        Course(
            "an answer is the last one", Step(.head(), "", .answering), Step(.waits, "", .waiting, Deadline.none),
            Step(.draining, "", .waiting), Step(.resumed, "answer", .answering), Step(.answered(), "end", .ending)),
        Course(
            "even before the connection knows it", Step(.head(), "", .answering),
            Step(.answered(isDraining: true), "end", .ending, Deadline.none)),
    ]

    @Test(arguments: [requests, waits, slow, relays, stops].flatMap(\.self))
    func `each event has its action, its state and its deadline`(course: Course) {
        var machine = ConnectionStateMachine(at: 0, Self.limits)
        var deadline = Deadline.header(10)
        #expect(machine.state == .idle && machine.deadline == deadline)
        for (number, step) in course.steps.enumerated() {
            let action = step.event.happen(to: &machine, at: UInt64(number + 1) * 100)
            deadline = step.deadline ?? deadline
            #expect(action == step.action, "step \(number), \(step.event)")
            #expect(machine.state == step.state, "step \(number), \(step.event)")
            #expect(machine.deadline == deadline, "step \(number), \(step.event)")
        }
    }
}
