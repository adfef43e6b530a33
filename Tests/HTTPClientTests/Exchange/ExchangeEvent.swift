import HTTPClient
import HTTPParsing
import Testing

/// What happens to an exchange in a test, and what the machine answered, as a table of lines.
enum ExchangeEvent {
    case began
    case connected(isUsed: Bool)
    case failed(FetchFailure)
    case readable
    case socketFailed
    case sendingFailed(hasBegun: Bool, isReset: Bool = false)
    case ended(FetchFailure?, isRepeatable: Bool)
    case unacknowledged(isRepeatable: Bool)
    case advanced(waiting: Int, isSent: Bool)
    case grew(waiting: Int)
    case received(more: Bool)
    case nothing(isRepeatable: Bool)
    case interim(Int)
    case head(Int, untilEnd: Bool = false)
    case end(isReusable: Bool)
    case paused
    case resumed
    case deliver(hasBody: Bool = false)
    case abandoned(FetchFailure)
    case cancelled

    static let sent = advanced(waiting: 0, isSent: true)
    static let new = connected(isUsed: false)
    static let kept = connected(isUsed: true)
    static let bytes = received(more: false)
    static let closed = ended(nil, isRepeatable: false)

    /// Tells the machine, and answers with its action; "" for none.
    func happen(to machine: inout ExchangeStateMachine) -> String {
        switch self {
        case .began: machine.began()
        case .connected(let isUsed): machine.connected(isUsed: isUsed)
        case .failed(let failure): machine.failed(failure)
        case .readable: machine.becameReadable()
        case .socketFailed: machine.socketFailed()
        case .sendingFailed(let hasBegun, let isReset):
            return "\(machine.sendingFailed(.cut("sending"), hasBegun: hasBegun, isReset: isReset))"
        case .ended(let failure, let isRepeatable):
            return name(machine.connectionEnded(failure, isRepeatable: isRepeatable))
        case .unacknowledged(let isRepeatable): return name(machine.unacknowledged(isRepeatable: isRepeatable))
        case .advanced(let waiting, let isSent):
            return machine.requestAdvanced(waiting: waiting, isSent: isSent) == .deliver ? "deliver" : ""
        case .grew(let waiting): return machine.requestGrew(waiting: waiting) ? "" : "stop"
        case .received(let more): return "\(machine.received(more: more))"
        case .nothing(let isRepeatable): return name(machine.receivedNothing(isRepeatable: isRepeatable))
        case .interim(let status):
            return machine.receivedInterim(ExchangeStateMachine.Head(status: status, fields: 0..<1)) == .goOn
                ? "" : "stop"
        case .head(let status, let untilEnd):
            let head = ExchangeStateMachine.Head(status: status, fields: 0..<2)
            return name(machine.receivedHead(head, endsWithConnection: untilEnd))
        case .end(let isReusable): machine.receivedEnd(trailers: 2..<3, isReusable: isReusable)
        case .paused: machine.paused()
        case .resumed: return machine.resumed() ? "deliver" : ""
        case .deliver(var hasBody):
            var names: [String] = []
            while true {
                let delivery = machine.nextDelivery(hasBody: hasBody)
                if delivery == .nothing { return names.joined(separator: " ") }
                if delivery == .body { hasBody = false }
                names.append(name(delivery, machine.failure))
            }
        case .abandoned(let failure):
            let delivery = machine.abandoned(failure)
            return name(delivery, machine.failure)
        case .cancelled: return machine.cancelled() ? "suspect" : ""
        }
        return ""
    }

    private func name(_ action: ExchangeStateMachine.EndAction) -> String { action == .none ? "" : "\(action)" }

    private func name(_ delivery: ExchangeStateMachine.Delivery, _ failure: FetchFailure?) -> String {
        switch delivery {
        case .interim(let head), .head(let head): "\(head.status)"
        case .body: "body"
        case .settled: "settled"
        case .room: "room"
        case .ended(let trailers, let keepsConnection):
            "ended(\(trailers.count == 0 ? "" : "trailers,")\(keepsConnection ? "keep" : "close"))"
        case .failed(let suspectsIdle): "failed(\(failure?.name ?? "")\(suspectsIdle ? ",suspect" : ""))"
        case .nothing: "nothing"
        }
    }
}

/// An event, and the action that has to follow.
typealias Step = (event: ExchangeEvent, action: String)

/// A table of steps, by the name of what it shows.
struct ExchangeTable: CustomTestStringConvertible {
    let testDescription: String
    let steps: [Step]

    init(_ name: String, _ steps: [Step]) {
        testDescription = name
        self.steps = steps
    }
}
