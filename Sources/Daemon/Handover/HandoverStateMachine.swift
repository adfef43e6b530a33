/// What the old process of a handover does, from the request until the new process serves or has failed. Until the new
/// one serves, the old one serves on, and can go back.
struct HandoverStateMachine {
    /// What is to be done, in order.
    enum Action: Equatable {
        /// Start the new process.
        case start
        /// Close the store and release the state directory.
        case lendState
        /// Open the state directory again.
        case takeStateBack
        case send(OldProcessMessage)
        /// Notify the service manager that the new process is the main one.
        case nameMain
        /// Kill the new process.
        case kill
        /// Stop accepting, and end with the connections that are open.
        case retire
        /// Call `timePassed` after a while; it replaces an earlier call.
        case wait(Wait)
        /// The handover is over.
        case finish(Outcome)
    }

    /// What has a time limit.
    enum Wait {
        /// The new process has to serve.
        case start
        /// The new process was killed, and has to be gone.
        case kill
    }

    /// How a handover has ended.
    enum Outcome: Equatable {
        case handedOver
        /// Nothing has changed; the text says why.
        case failed(String)
        /// The request for it was refused, and what there is stays as it is; the text says why.
        case refused(String)
    }

    private enum State {
        case idle
        /// It was asked for before this process serves.
        case wanted
        /// The new process is starting. `complaint` is the reason that it gave for its end.
        case starting(complaint: String?)
        /// The new process got the message to accept connections.
        case accepting(complaint: String?)
        /// The new process was killed.
        case killed(reason: String)
        case handedOver
    }

    private var state = State.idle
    /// Whether the new process may have the state directory.
    private var isLent = false

    /// Whether a new process is being started, or was killed and may not be gone.
    var isUnderWay: Bool {
        switch state {
        case .starting, .accepting, .killed: true
        case .idle, .wanted, .handedOver: false
        }
    }

    /// A handover is wanted. `obstacle` says why there can be none.
    mutating func requested(canStart: Bool, obstacle: String?) -> [Action] {
        switch state {
        case .starting, .accepting, .killed: return []
        case .handedOver: return [.finish(.refused("another process serves already"))]
        case .idle, .wanted:
            if let obstacle { return [.finish(.failed(obstacle))] }
            state = canStart ? .starting(complaint: nil) : .wanted
            return canStart ? [.start, .wait(.start)] : []
        }
    }

    /// This process serves from now on.
    mutating func begunToServe(obstacle: String?) -> [Action] {
        guard case .wanted = state else { return [] }
        return requested(canStart: true, obstacle: obstacle)
    }

    /// The new process could not be started.
    mutating func startFailed(_ reason: String) -> [Action] {
        state = .idle
        return [.finish(.failed(reason))]
    }

    /// The new process has sent a message. `isReady`: this process could answer requests for the catalogue.
    mutating func received(_ message: NewProcessMessage, isReady: Bool) -> [Action] {
        switch (message, state) {
        case (.wantsState, .starting):
            defer { isLent = true }
            return isLent ? [] : [.lendState, .send(.stateReleased)]
        case (.ready(let hasCatalog), .starting(let complaint)):
            // Its clients would get errors, where this process still has something to serve.
            if !hasCatalog, isReady { return kill("the new process could not fetch the catalogue") }
            state = .accepting(complaint: complaint)
            return [.send(.accept)]
        case (.serving, .accepting):
            state = .handedOver
            // The manager has to know of the new process before it gets a notification from it.
            return [.nameMain, .send(.main), .retire, .finish(.handedOver)]
        case (.failed(let reason), .starting): state = .starting(complaint: reason)
        case (.failed(let reason), .accepting): state = .accepting(complaint: reason)
        default: break
        }
        return []
    }

    /// The new process has ended, and so has all that it started.
    mutating func newEnded() -> [Action] {
        switch state {
        case .starting(let complaint), .accepting(let complaint):
            return goBack(complaint ?? "the new process ended before it served; its own last lines may say why")
        case .killed(let reason): return goBack(reason)
        case .idle, .wanted, .handedOver: return []
        }
    }

    /// The time of the last `wait` is over.
    mutating func timePassed() -> [Action] {
        switch state {
        case .starting, .accepting: return kill("the new process did not serve within server.upgrade_timeout")
        // It cannot be helped.
        case .killed(let reason): return goBack(reason)
        case .idle, .wanted, .handedOver: return []
        }
    }

    /// This process was asked to end.
    mutating func ending() -> [Action] {
        switch state {
        case .starting, .accepting: return kill("this process was asked to end")
        case .wanted:
            state = .idle
            return [.finish(.failed("this process was asked to end"))]
        case .idle, .killed, .handedOver: return []
        }
    }

    private mutating func kill(_ reason: String) -> [Action] {
        state = .killed(reason: reason)
        return [.kill, .wait(.kill)]
    }

    private mutating func goBack(_ reason: String) -> [Action] {
        state = .idle
        defer { isLent = false }
        return (isLent ? [.takeStateBack] : []) + [.finish(.failed(reason))]
    }
}
