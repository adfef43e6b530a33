import Testing

@testable import Daemon

/// Event by event: the old process of a handover.
@Suite struct HandoverStateMachineTests {
    private typealias Action = HandoverStateMachine.Action

    /// What can happen to it.
    private enum Event {
        case requested(canStart: Bool = true, obstacle: String? = nil)
        case begunToServe
        case startFailed
        case received(NewProcessMessage, isReady: Bool = true)
        case newEnded
        case timePassed
        case ending
    }

    private static func perform(_ event: Event, on machine: inout HandoverStateMachine) -> [Action] {
        switch event {
        case .requested(let canStart, let obstacle): machine.requested(canStart: canStart, obstacle: obstacle)
        case .begunToServe: machine.begunToServe(obstacle: nil)
        case .startFailed: machine.startFailed("no such file")
        case .received(let message, let isReady): machine.received(message, isReady: isReady)
        case .newEnded: machine.newEnded()
        case .timePassed: machine.timePassed()
        case .ending: machine.ending()
        }
    }

    /// The actions of the last of these events.
    private static func actions(_ events: [Event]) -> [Action] {
        var machine = HandoverStateMachine()
        var last: [Action] = []
        for event in events { last = perform(event, on: &machine) }
        return last
    }

    private static let ended = "the new process ended before it served; its own last lines may say why"
    private static let ready = Event.received(.ready(hasCatalog: true))

    @Test func `a handover with a state directory, step by step`() {
        var machine = HandoverStateMachine()
        let steps: [(Event, [Action])] = [
            (.requested(), [.start, .wait(.start)]),
            (.received(.wantsState), [.lendState, .send(.stateReleased)]),
            (Self.ready, [.send(.accept)]),
            (.received(.serving), [.nameMain, .send(.main), .retire, .finish(.handedOver)]),
            // What comes later changes nothing.
            (.newEnded, []), (.timePassed, []), (.ending, []), (.received(.wantsState), []),
            (.requested(), [.finish(.refused("another process serves already"))]),
            // Nor does it end anything.
            (.requested(canStart: false, obstacle: "no"), [.finish(.refused("another process serves already"))]),
        ]
        for (event, actions) in steps { #expect(Self.perform(event, on: &machine) == actions, "\(event)") }
        #expect(!machine.isUnderWay)
    }

    @Test func `the state directory is released once, and only while the new process starts`() {
        #expect(Self.actions([.requested(), .received(.wantsState), .received(.wantsState)]) == [])
        #expect(Self.actions([.requested(), Self.ready, .received(.wantsState)]) == [])
        #expect(Self.actions([.received(.wantsState)]) == [])
    }

    @Test func `a process that ends before it serves changes nothing`() {
        let back = [Action.takeStateBack, .finish(.failed(Self.ended))]
        #expect(Self.actions([.requested(), .newEnded]) == [.finish(.failed(Self.ended))])
        #expect(Self.actions([.requested(), .received(.wantsState), .newEnded]) == back)
        #expect(Self.actions([.requested(), .received(.wantsState), Self.ready, .newEnded]) == back)
        #expect(Self.actions([.requested(), .startFailed]) == [.finish(.failed("no such file"))])
    }

    @Test func `it says why the new process has ended, if that one has said so`() {
        let complaint = Event.received(.failed("bad settings"))
        #expect(Self.actions([.requested(), complaint, .newEnded]) == [.finish(.failed("bad settings"))])
        #expect(Self.actions([.requested(), Self.ready, complaint, .newEnded]) == [.finish(.failed("bad settings"))])
    }

    @Test func `a process that takes too long is killed, and its end waited for`() {
        let late = "the new process did not serve within server.upgrade_timeout"
        let lent: [Event] = [.requested(), .received(.wantsState)]
        #expect(Self.actions(lent + [.timePassed]) == [.kill, .wait(.kill)])
        #expect(Self.actions(lent + [Self.ready, .timePassed]) == [.kill, .wait(.kill)])
        for end in [Event.newEnded, .timePassed] {
            #expect(Self.actions(lent + [.timePassed, end]) == [.takeStateBack, .finish(.failed(late))])
        }
        #expect(Self.actions(lent + [.timePassed, Self.ready]) == [])
        #expect(Self.actions(lent + [.timePassed, .received(.serving)]) == [])
    }

    @Test func `a process without a catalogue takes over only from one that has none either`() {
        let empty = NewProcessMessage.ready(hasCatalog: false)
        #expect(Self.actions([.requested(), .received(empty)]) == [.kill, .wait(.kill)])
        #expect(Self.actions([.requested(), .received(empty, isReady: false)]) == [.send(.accept)])
    }

    @Test func `a request before this process serves waits, and one during a handover joins it`() {
        let early = Event.requested(canStart: false)
        #expect(Self.actions([early]) == [])
        #expect(Self.actions([early, early, .begunToServe]) == [.start, .wait(.start)])
        #expect(Self.actions([.begunToServe]) == [])
        #expect(Self.actions([.requested(), .requested()]) == [])
        #expect(Self.actions([.requested(), .timePassed, .requested()]) == [])
        #expect(Self.actions([.requested(obstacle: "no")]) == [.finish(.failed("no"))])
    }

    @Test func `a process that is asked to end takes the new one with it`() {
        let reason = Action.finish(.failed("this process was asked to end"))
        #expect(Self.actions([.ending]) == [])
        #expect(Self.actions([.requested(canStart: false), .ending]) == [reason])
        #expect(Self.actions([.requested(), .ending]) == [.kill, .wait(.kill)])
        #expect(Self.actions([.requested(), .ending, .newEnded]) == [reason])
        #expect(Self.actions([.requested(), .received(.wantsState), .ending, .newEnded]) == [.takeStateBack, reason])
    }

    @Test(arguments: [false, true])
    func `a process that is asked to end waits for the state until the new one is gone, or for a while`(isLate: Bool) {
        var machine = HandoverStateMachine()
        for event in [Event.requested(), .received(.wantsState), .ending, .ending] {
            _ = Self.perform(event, on: &machine)
        }
        #expect(machine.isUnderWay)
        let actions = isLate ? machine.timePassed() : machine.newEnded()
        #expect(actions.first == .takeStateBack)
        #expect(!machine.isUnderWay)
    }

    @Test func `after a failure the next handover begins anew`() {
        let failed: [Event] = [.requested(), .received(.wantsState), .received(.failed("first")), .newEnded]
        #expect(Self.actions(failed + [.requested()]) == [.start, .wait(.start)])
        #expect(
            Self.actions(failed + [.requested(), .received(.wantsState)]) == [.lendState, .send(.stateReleased)])
        #expect(Self.actions(failed + [.requested(), .newEnded]) == [.finish(.failed(Self.ended))])
    }

    @Test func `messages survive the way`() {
        let messages: [NewProcessMessage] = [
            .wantsState, .ready(hasCatalog: true), .ready(hasCatalog: false), .serving, .failed("a b"), .failed(""),
        ]
        for message in messages { #expect(NewProcessMessage(message.text) == message) }
        #expect(NewProcessMessage("something of a later release") == nil)
    }
}

/// Event by event: the new process of a handover.
@Suite struct TakeoverStateMachineTests {
    private typealias Action = TakeoverStateMachine.Action

    private enum Event {
        case report(Readiness)
        case begunToServe
        case received(OldProcessMessage)
        case oldEnded
    }

    private static func perform(_ event: Event, on machine: inout TakeoverStateMachine) -> [Action] {
        switch event {
        case .report(let readiness): machine.report(readiness)
        case .begunToServe: machine.begunToServe()
        case .received(let message): machine.received(message)
        case .oldEnded: machine.oldEnded()
        }
    }

    private static func actions(_ events: [Event]) -> [Action] {
        var machine = TakeoverStateMachine()
        var last: [Action] = []
        for event in events { last = perform(event, on: &machine) }
        return last
    }

    private static let accepting: [Event] = [.report(.ready), .received(.accept)]

    @Test func `a takeover, step by step`() {
        var machine = TakeoverStateMachine()
        let steps: [(Event, [Action])] = [
            (.report(.warmingUp), []),
            (.report(.ready), [.send(.ready(hasCatalog: true))]),
            (.report(.noCatalog), []),
            (.received(.accept), [.accept]),
            (.begunToServe, [.send(.serving)]),
            (.received(.main), [.announce]),
            (.received(.copiesRemoved), [.removeCopies]),
            (.oldEnded, []),
        ]
        for (event, actions) in steps {
            #expect(!machine.isOver || Self.actions([event]) != [.accept])
            #expect(Self.perform(event, on: &machine) == actions, "\(event)")
        }
        #expect(machine.isOver)
    }

    @Test func `it reports that there is no catalogue, and nothing during the first fetch`() {
        #expect(Self.actions([.report(.noCatalog)]) == [.send(.ready(hasCatalog: false))])
        #expect(Self.actions([.report(.draining)]) == [])
    }

    @Test func `it accepts nothing before it gets the message to`() {
        #expect(Self.actions([.received(.accept)]) == [])
        #expect(Self.actions([.begunToServe]) == [])
        #expect(Self.actions([.received(.main)]) == [])
        #expect(Self.actions(Self.accepting + [.received(.main)]) == [])
    }

    @Test func `if the old process ends early it gives up, and later it serves alone`() {
        let giveUp = [Action.giveUp("the old process ended before this one could take over")]
        #expect(Self.actions([.oldEnded]) == giveUp)
        #expect(Self.actions([.report(.ready), .oldEnded]) == giveUp)
        #expect(Self.actions(Self.accepting + [.oldEnded]) == [])
        #expect(Self.actions(Self.accepting + [.oldEnded, .begunToServe]) == [.announce])
        #expect(Self.actions(Self.accepting + [.begunToServe, .oldEnded]) == [.announce])
    }
}
