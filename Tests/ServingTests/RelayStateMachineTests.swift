import Serving
import Testing

/// The transitions of a relayed request, event by event: no socket, no clock.
@Suite struct RelayStateMachineTests {
    enum Event {
        case sentBody(hasRoom: Bool)
        case endedBody
        case room
        case broke
        case interim
        case head(Int, hasBody: Bool = true, hasLength: Bool = true)
        case body
        case end
        case failed
        case blocked
        case drained
        case finish
        case left
        case halfClosed
        case released

        /// Tells the machine, and answers with its action; "" for none.
        func happen(to machine: inout RelayStateMachine) -> String {
            switch self {
            case .sentBody(let hasRoom): machine.sentBody(hasRoom: hasRoom)
            case .endedBody: machine.endedBody()
            case .room: return machine.upstreamHasRoom() == .readClient ? "read client" : ""
            case .broke: return machine.requestBroke() == .answerError ? "answer error" : "close client"
            case .interim: return "\(machine.receivedInterim())"
            case .head(let status, let hasBody, let hasLength):
                let action = machine.receivedHead(status: status, hasBody: hasBody, hasLength: hasLength)
                return "\(action.framing)" + (action.closes ? ", closes" : "")
                    + (action.invalidates ? ", invalidates" : "")
            case .body: return "\(machine.receivedBody())"
            case .end:
                let action = machine.receivedEnd()
                return [action.writesLastChunk ? "last chunk" : "", action.closes ? "closes" : ""]
                    .filter { !$0.isEmpty }.joined(separator: ", ")
            case .failed:
                switch machine.upstreamFailed() {
                case .resetClient: return "reset client"
                case .answerError(let closes): return "answer error" + (closes ? ", closes" : "")
                case .none: return ""
                }
            case .blocked: return name(machine.clientBlocked())
            case .drained: return name(machine.clientDrained())
            case .finish: return machine.finish() ? "done" : ""
            case .left: return name(machine.clientLeft())
            case .released: return name(machine.released())
            case .halfClosed: return machine.clientEndedInput() == .closeClient ? "close client" : ""
            }
            return ""
        }

        private func name(_ action: RelayStateMachine.UpstreamAction) -> String { action == .none ? "" : "\(action)" }
    }

    typealias Step = (event: Event, action: String)

    struct Table: CustomTestStringConvertible {
        let testDescription: String
        var isHead = false
        var isVersion11 = true
        var hasBody = false
        var invalidates = false
        let steps: [Step]
    }

    private static let answers = [
        Table(
            testDescription: "a body of a known length is written as it comes",
            steps: [
                (.head(200), "length"), (.body, "write"), (.body, "write"), (.end, ""), (.finish, "done"),
                (.finish, ""),
            ]),
        Table(
            testDescription: "another is written in chunks",
            steps: [
                (.head(200, hasLength: false), "chunked"), (.body, "writeChunk"), (.end, "last chunk"),
                (.finish, "done"),
            ]),
        Table(
            testDescription: "for HTTP/1.0 it ends with the connection", isVersion11: false,
            steps: [(.interim, "drop"), (.head(200, hasLength: false), "close, closes"), (.body, "write"), (.end, "")]),
        Table(
            testDescription: "for HTTP/1.0 a length is a length", isVersion11: false,
            steps: [(.head(200), "length"), (.body, "write"), (.end, ""), (.finish, "done")]),
        Table(
            testDescription: "an answer without a body has none", isHead: true,
            steps: [(.head(204, hasBody: false), "none"), (.body, "drop"), (.end, ""), (.finish, "done")]),
        Table(
            testDescription: "interim responses are relayed before the head",
            steps: [(.interim, "relay"), (.interim, "relay"), (.head(200), "length")]),
        Table(
            testDescription: "an answer that comes before the whole request ends the connection", hasBody: true,
            steps: [
                (.sentBody(hasRoom: true), ""), (.head(413), "length, closes"), (.body, "write"), (.end, "closes"),
                (.finish, "done"),
            ]),
        Table(
            testDescription: "so does one without an end of its own", hasBody: true,
            steps: [(.head(401, hasLength: false), "chunked, closes"), (.end, "last chunk, closes")]),
        Table(
            testDescription: "a request that is whole by the end of its answer has ended the connection all the same",
            hasBody: true,
            steps: [(.head(200), "length, closes"), (.endedBody, ""), (.end, ""), (.finish, "done")]),
    ]

    private static let flow = [
        Table(
            testDescription: "a full upstream stops the client's body until it has room", hasBody: true,
            steps: [
                (.sentBody(hasRoom: true), ""), (.sentBody(hasRoom: false), ""), (.room, "read client"), (.room, ""),
                (.sentBody(hasRoom: false), ""), (.endedBody, ""), (.room, ""), (.head(200), "length"),
            ]),
        Table(
            testDescription: "a full client stops upstream until it has read",
            steps: [
                (.head(200), "length"), (.body, "write"), (.blocked, "pause"), (.body, "write"), (.blocked, ""),
                (.drained, "resume"), (.drained, ""), (.finish, ""), (.body, "write"), (.end, ""), (.finish, "done"),
            ]),
        Table(
            testDescription: "a client that is full with interim responses stops upstream too",
            steps: [(.interim, "relay"), (.blocked, "pause"), (.drained, "resume"), (.head(200), "length")]),
        Table(
            testDescription: "the end waits for a full client",
            steps: [
                (.head(200), "length"), (.blocked, "pause"), (.end, ""), (.finish, ""), (.drained, ""),
                (.finish, "done"),
                (.left, ""),
            ]),
        Table(
            testDescription: "an end that does not fit waits as well",
            steps: [
                (.head(200, hasLength: false), "chunked"), (.end, "last chunk"), (.blocked, ""), (.finish, ""),
                (.drained, ""),
                (.finish, "done"),
            ]),
    ]

    private static let held = [
        Table(
            testDescription: "a response that invalidates copies is held until they are gone", invalidates: true,
            steps: [
                (.interim, "relay"), (.head(200), "length, invalidates"), (.body, "write"), (.released, "resume"),
                (.body, "write"), (.end, ""), (.finish, "done"),
            ]),
        Table(
            testDescription: "so is a redirect, even to its end", invalidates: true,
            steps: [
                (.head(302, hasLength: false), "chunked, invalidates"), (.end, "last chunk"), (.finish, ""),
                (.released, ""),
                (.finish, "done"),
            ]),
        Table(
            testDescription: "an error invalidates nothing", invalidates: true,
            steps: [(.head(400), "length"), (.body, "write"), (.end, ""), (.finish, "done")]),
        Table(
            testDescription: "a client that is full keeps upstream paused after that", invalidates: true,
            steps: [
                (.interim, "relay"), (.blocked, "pause"), (.head(200), "length, invalidates"), (.released, ""),
                (.drained, "resume"),
            ]),
        Table(
            testDescription: "a client that has room again does not end the wait", invalidates: true,
            steps: [
                (.interim, "relay"), (.blocked, "pause"), (.head(200), "length, invalidates"), (.drained, ""),
                (.released, "resume"),
            ]),
        Table(
            testDescription: "a client that leaves meanwhile cancels", invalidates: true,
            steps: [(.head(200), "length, invalidates"), (.left, "cancel"), (.released, "")]),
        Table(
            testDescription: "upstream's failure meanwhile resets the client", invalidates: true,
            steps: [(.head(200), "length, invalidates"), (.failed, "reset client"), (.released, ""), (.left, "")]),
    ]

    private static let ends = [
        Table(
            testDescription: "a failure before the head is an error", steps: [(.failed, "answer error"), (.left, "")]),
        Table(
            testDescription: "with the request unfinished it ends the connection", hasBody: true,
            steps: [(.sentBody(hasRoom: false), ""), (.failed, "answer error, closes")]),
        Table(
            testDescription: "a failure after interim responses is an error",
            steps: [(.interim, "relay"), (.failed, "answer error")]),
        Table(
            testDescription: "a failure after the head resets the client",
            steps: [(.head(200), "length"), (.body, "write"), (.failed, "reset client"), (.left, "")]),
        Table(
            testDescription: "a failure that comes when the client has left is nobody's",
            steps: [(.left, "cancel"), (.failed, "")]),
        Table(
            testDescription: "so it is after the head",
            steps: [(.head(200), "length"), (.left, "cancel"), (.failed, "")]),
        Table(
            testDescription: "a client that leaves before the head", hasBody: true,
            steps: [(.left, "cancel"), (.left, "")]),
        Table(
            testDescription: "a client that leaves within the body, blocked or not",
            steps: [(.head(200), "length"), (.blocked, "pause"), (.left, "cancel"), (.drained, ""), (.blocked, "")]),
        Table(
            testDescription: "a client that leaves when all was written to it",
            steps: [(.head(200), "length"), (.end, ""), (.left, ""), (.finish, "")]),
        Table(
            testDescription: "a client that ends its side has left, unless only the rest of an answer is missing",
            steps: [
                (.halfClosed, "close client"), (.head(200), "length"), (.halfClosed, "close client"),
                (.blocked, "pause"),
                (.end, ""), (.halfClosed, ""), (.drained, ""), (.finish, "done"), (.halfClosed, ""),
            ]),
        Table(
            testDescription: "a broken request is an error before the head", hasBody: true,
            steps: [(.sentBody(hasRoom: true), ""), (.broke, "answer error"), (.left, "")]),
        Table(
            testDescription: "after it there is nothing left to say", hasBody: true,
            steps: [(.head(200), "length, closes"), (.broke, "close client"), (.left, "cancel")]),
    ]

    @Test(arguments: [answers, flow, held, ends].flatMap(\.self)) func `each event has its action`(table: Table) {
        var machine = RelayStateMachine(
            isHead: table.isHead, isVersion11: table.isVersion11, hasBody: table.hasBody,
            invalidates: table.invalidates)
        for (number, step) in table.steps.enumerated() {
            let action = step.event.happen(to: &machine)
            #expect(action == step.action, "step \(number), \(step.event)")
        }
    }

    @Test func `its owner can ask how far it is`() {
        var machine = RelayStateMachine(isHead: true, isVersion11: true, hasBody: true)
        #expect(machine.isHead && machine.request == .flowing && machine.sentStatus == nil)
        machine.sentBody(hasRoom: false)
        #expect(machine.request == .blocked)
        _ = machine.receivedHead(status: 201, hasBody: false, hasLength: true)
        #expect(machine.sentStatus == 201)
        _ = machine.receivedEnd()
        #expect(machine.sentStatus == 201)
        #expect(machine.finish() && machine.sentStatus == 201)
    }

    @Test func `an event that cannot happen stops a debug build`() async {
        await #expect(processExitsWith: .failure) {
            var machine = RelayStateMachine(isHead: false, isVersion11: true, hasBody: false)
            machine.endedBody()
        }
        await #expect(processExitsWith: .failure) {
            var machine = RelayStateMachine(isHead: false, isVersion11: true, hasBody: false)
            _ = machine.receivedEnd()
        }
    }
}
