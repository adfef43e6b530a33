import Serving

/// A client's connection, as both sides see it.
final class SimulatedClient {
    /// What a client sends, in the order of its bytes.
    enum Item {
        /// A part of a head.
        case part
        /// A complete head, or the rest of one.
        case head(Week.Request)
        /// The head of a request that is passed through, and parts of its body.
        case pass(Week.Pass)
        case body(Int, isEnd: Bool)
    }

    /// A request that has no answer yet.
    struct Wait {
        var subject: Subject
        var key: Int
        /// Whether it is passed through, and takes as long as upstream takes.
        var isPassed = false
        /// When it was sent, on the clock that stands still while the process is suspended.
        var since: UInt64
        /// When it was sent, in the ledger's order.
        var begun: Int
    }

    let slot: Int

    // The client's side.
    var isOpen = true
    var waits: [Wait] = []
    /// Whether no more answers are due: it, or an answer, said that the connection closes.
    var expectsClose = false
    var readsFrom: UInt64 = 0

    // Larder's side.
    var machine: ConnectionStateMachine
    /// What is not processed yet, and what stays in the kernel because the connection is not read.
    var unread: [Item] = []
    var kernel: [Item] = []
    var pending: RequestSummary?
    var passing: SimulatedPassing?
    var queued = 0

    init(slot: Int, at now: UInt64) {
        self.slot = slot
        machine = ConnectionStateMachine(at: now, Self.limits)
    }

    static let limits = ConnectionStateMachine.TimeLimits(header: 10_000, body: 30_000, idle: 75_000)

    /// The bytes of a head.
    static let headSize = 400

    /// The first request has its answer. The next one begins only now.
    @discardableResult
    func takeWait(at awake: UInt64) -> Wait {
        let first = waits.removeFirst()
        if !waits.isEmpty { waits[0].since = awake }
        return first
    }

    /// The bytes that are not processed yet.
    var unreadBytes: Int {
        unread.reduce(0) { sum, item in
            if case .body(let count, _) = item { sum + count } else { sum + Self.headSize }
        }
    }

    /// When the machine's time is up.
    var deadline: UInt64 {
        switch machine.deadline {
        case .header(let end), .body(let end), .idle(let end), .place(let end): end
        case .none: .max
        }
    }
}
