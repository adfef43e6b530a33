/// What the new process of a handover does, from its start until it is the main one.
struct TakeoverStateMachine {
    /// What is to be done.
    enum Action: Equatable {
        case send(NewProcessMessage)
        /// Accept connections on all loops.
        case accept
        /// Report to the log and the service manager that this process serves.
        case announce
        /// Remove all copies: the old process has removed some that it can no longer reach.
        case removeCopies
        /// End, without having served.
        case giveUp(String)
    }

    private enum State {
        /// The loops are starting, or the catalogue is being fetched.
        case starting
        /// The old process knows that this one could serve.
        case ready
        /// The loops are beginning to accept connections.
        case accepting
        /// All loops accept connections.
        case serving
        /// This process is the main one.
        case main
    }

    private var state = State.starting
    /// Whether the old process has ended.
    private var isAlone = false

    /// Whether the handover is over.
    var isOver: Bool { state == .main }

    /// All loops run, or the answer of `/readyz` has changed.
    mutating func report(_ readiness: Readiness) -> [Action] {
        guard state == .starting, readiness == .ready || readiness == .noCatalog else { return [] }
        state = .ready
        return [.send(.ready(hasCatalog: readiness == .ready))]
    }

    /// All loops accept connections.
    mutating func begunToServe() -> [Action] {
        guard state == .accepting else { return [] }
        state = isAlone ? .main : .serving
        return isAlone ? [.announce] : [.send(.serving)]
    }

    /// The old process has sent a message.
    mutating func received(_ message: OldProcessMessage) -> [Action] {
        switch (message, state) {
        case (.accept, .ready):
            state = .accepting
            return [.accept]
        case (.main, .serving):
            state = .main
            return [.announce]
        case (.copiesRemoved, .serving), (.copiesRemoved, .main): return [.removeCopies]
        default: return []
        }
    }

    /// The old process has ended.
    mutating func oldEnded() -> [Action] {
        isAlone = true
        switch state {
        case .starting, .ready: return [.giveUp("the old process ended before this one could take over")]
        case .serving:
            // Nobody else serves now.
            state = .main
            return [.announce]
        case .accepting, .main: return []
        }
    }
}
