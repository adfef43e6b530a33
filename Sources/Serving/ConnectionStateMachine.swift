/// Decides what one connection with a client does next: when it reads, what it waits for, when it closes, and how long
/// the client may take.
///
/// It is pure: it holds no bytes and no socket, and time is an argument. `Connection` reports each event and does what
/// the returned action says. An event that cannot happen in a state stops debug builds with its name; release builds
/// ignore it. A hit costs it a comparison and an assignment when the head is complete, and again when the answer is sent.
///
/// Requests are answered one at a time, in order. Bytes that a client sends ahead wait until the answer before them was
/// written to the socket.
public struct ConnectionStateMachine: Sendable {
    /// The most bytes that are kept of what a client sends ahead while its request waits.
    public static let mostAhead = 64 << 10

    /// What the connection does.
    public private(set) var state = State.idle
    /// Whether the client's bytes are read.
    public private(set) var input = Input.flowing
    /// When the client's time is up.
    public private(set) var deadline: Deadline
    /// Whether the connection closes after the current answer.
    public private(set) var closes = false
    /// Whether the bytes that were sent ahead are being processed.
    private var isProcessing = false
    /// How many bytes of an answer waited when the client was last seen to read; 0 if none wait.
    private var queued = 0

    /// A new connection.
    public init(at now: UInt64, _ limits: TimeLimits) { deadline = .header(now &+ limits.header) }

    // MARK: What its owner asks

    /// Whether bytes that arrive can be processed at once.
    @inline(__always)
    public var isConsuming: Bool {
        switch state {
        case .idle, .reading, .passing(.flowing): true
        case .answering, .parked, .waiting, .gathering, .passing, .flushing, .ending: false
        }
    }

    // MARK: A request

    /// A part of a head was read, and the rest is missing.
    public mutating func receivedPart(at now: UInt64, _ limits: TimeLimits) {
        switch state {
        case .idle:
            state = .reading
            deadline = .header(now &+ limits.header)
        case .reading: break
        case .answering, .parked, .waiting, .gathering, .passing, .flushing, .ending: impossible("receivedPart", ())
        }
    }

    /// A head is complete. `keepsAlive`: the connection may carry another request after it.
    @inline(__always)
    public mutating func receivedHead(keepsAlive: Bool) {
        switch state {
        case .idle, .reading:
            state = .answering
            closes = !keepsAlive
        case .answering, .parked, .waiting, .gathering, .passing, .flushing, .ending: impossible("receivedHead", ())
        }
    }

    /// What arrived is no request. The owner answers with an error, and the connection closes after it.
    public mutating func receivedInvalid() { receivedHead(keepsAlive: false) }

    /// The connection closes after the current answer, whatever the request says.
    public mutating func closeAfterAnswer() { closes = true }

    /// A head is complete, but the connection has no place yet. Its bytes are kept, and read again when it has one.
    public mutating func parked(at now: UInt64, _ limits: TimeLimits) {
        switch state {
        case .idle, .reading:
            state = .parked
            deadline = .place(now &+ limits.place)
        case .answering, .parked, .waiting, .gathering, .passing, .flushing, .ending: impossible("parked", ())
        }
    }

    /// The connection has a place. True: read the request again.
    public mutating func gotPlace(at now: UInt64, _ limits: TimeLimits) -> Bool {
        guard state == .parked else { return false }
        state = .idle
        deadline = .header(now &+ limits.header)
        return true
    }

    /// The connection gets no place. True: answer its request with an error. It closes after that.
    public mutating func gotNoPlace() -> Bool {
        guard state == .parked else { return false }
        state = .answering
        closes = true
        return true
    }

    /// Since when the connection has nothing to do, in milliseconds; nil if it has.
    public func idleSince(_ limits: TimeLimits) -> UInt64? {
        guard state == .idle else { return nil }
        switch deadline {
        case .header(let end): return end &- limits.header
        case .idle(let end): return end &- limits.idle
        case .body, .place, .none: return nil
        }
    }

    /// The request waits for fetches.
    public mutating func beganWaiting() { wait(.waiting, "beganWaiting") }

    /// The request waits for the reports of all loops.
    public mutating func beganGathering() { wait(.gathering, "beganGathering") }

    private mutating func wait(_ next: State, _ event: StaticString) {
        guard state == .answering else { return impossible(event, ()) }
        state = next
        deadline = .none
    }

    /// The request is passed through. `keepsAlive` overrides what was said with its head, since a body that is passed
    /// through is read to its end.
    public mutating func beganPassing(keepsAlive: Bool, hasBody: Bool, at now: UInt64, _ limits: TimeLimits) {
        guard state == .answering else { return impossible("beganPassing", ()) }
        closes = !keepsAlive
        state = .passing(hasBody ? .flowing : .whole)
        deadline = hasBody ? .body(now &+ limits.body) : .none
    }

    /// What the request waited for is there, or it is not passed through any more: the owner answers it. False if
    /// nobody is left to answer.
    public mutating func resumed() -> Bool {
        switch state {
        case .waiting, .gathering, .passing:
            state = .answering
            return true
        case .ending: return false
        case .idle, .reading, .answering, .parked, .flushing: return impossible("resumed", false)
        }
    }

    // MARK: The answer

    /// The socket has taken the whole answer. `isDraining`: the process is about to stop.
    @inline(__always)
    public mutating func answered(isDraining: Bool, at now: UInt64, _ limits: TimeLimits) -> NextAction {
        switch state {
        case .answering, .passing, .flushing:
            if closes || isDraining { return endAfterAnswer() }
            state = .idle
            deadline = .idle(now &+ limits.idle)
            return .readNext
        case .idle, .reading, .parked, .waiting, .gathering, .ending: return impossible("answered", .end)
        }
    }

    private mutating func endAfterAnswer() -> NextAction {
        end()
        return .end
    }

    /// The socket has taken a part of the answer, and this many bytes wait.
    public mutating func blocked(queued: Int, at now: UInt64, _ limits: TimeLimits) -> InputAction {
        guard state == .answering else { return impossible("blocked", .none) }
        state = .flushing
        note(queued, now, limits)
        return stop()
    }

    /// The socket was closed before it took the answer.
    public mutating func lost() {
        guard state == .answering else { return impossible("lost", ()) }
        end()
    }

    /// The socket has taken all that waited.
    public mutating func drained(at now: UInt64, _ limits: TimeLimits) -> DrainAction {
        switch state {
        case .flushing:
            queued = 0
            return .finish
        case .passing(let body):
            queued = 0
            deadline = body == .flowing ? .body(now &+ limits.body) : .none
            return .relay
        case .ending: return .none
        case .idle, .reading, .answering, .parked, .waiting, .gathering: return impossible("drained", .none)
        }
    }

    // MARK: A request that is passed through

    /// Some of the request's body has arrived.
    public mutating func receivedBody(at now: UInt64, _ limits: TimeLimits) {
        guard state == .passing(.flowing) else { return impossible("receivedBody", ()) }
        deadline = .body(now &+ limits.body)
    }

    /// Some of the body was passed on. `hasRoom`: upstream accepts more at once; `isEnd`: that was all of it. The relay
    /// may have ended meanwhile.
    public mutating func passedBody(hasRoom: Bool, isEnd: Bool) -> InputAction {
        guard case .passing(let body) = state else { return .none }
        guard body == .flowing else { return impossible("passedBody", .none) }
        if isEnd {
            state = .passing(.whole)
        } else if !hasRoom {
            state = .passing(.blocked)
        } else {
            return .none
        }
        // The client now waits for upstream, which has no time limit here. For what the client has not read, it has.
        if queued == 0 { deadline = .none }
        return isEnd ? .none : stop()
    }

    /// Upstream accepts more of the body, so the client's time begins anew. True: process what was sent ahead.
    public mutating func gotRoom(at now: UInt64, _ limits: TimeLimits) -> Bool {
        guard case .passing(let body) = state else { return false }
        guard body == .blocked else { return impossible("gotRoom", false) }
        state = .passing(.flowing)
        deadline = .body(now &+ limits.body)
        return true
    }

    /// Some of what the relay wrote waits until the client reads.
    public mutating func relayBlocked(queued: Int, at now: UInt64, _ limits: TimeLimits) {
        guard case .passing = state else { return impossible("relayBlocked", ()) }
        note(queued, now, limits)
    }

    // MARK: Bytes in

    /// This many bytes are kept that cannot be processed yet.
    public mutating func keptAhead(_ count: Int) -> InputAction {
        switch state {
        case .idle, .reading, .passing(.flowing), .ending: .none
        case .answering, .parked, .waiting, .gathering, .passing, .flushing: count > Self.mostAhead ? stop() : .none
        }
    }

    /// Whether the owner may process what was sent ahead. It must not while it does: an answer may be found at once, and
    /// the same bytes would be read twice.
    public mutating func beginProcessing() -> Bool {
        guard isConsuming, !isProcessing else { return false }
        isProcessing = true
        return true
    }

    /// The owner has processed what it could.
    public mutating func endProcessing() { isProcessing = false }

    /// Nothing is left that was sent ahead and can be processed.
    public mutating func caughtUp() -> InputAction {
        if isProcessing { return .none }
        switch state {
        case .idle, .reading:
            if input != .ended { return resume() }
            end()
            return .end
        // While a request is passed through, its bytes are read so that the client's leaving is noticed.
        case .passing(.flowing), .passing(.whole): return resume()
        case .answering, .parked, .waiting, .gathering, .passing(.blocked), .flushing, .ending: return .none
        }
    }

    private mutating func stop() -> InputAction {
        guard input == .flowing else { return .none }
        input = .stopped
        return .stop
    }

    private mutating func resume() -> InputAction {
        guard input == .stopped else { return .none }
        input = .flowing
        return .resume
    }

    /// The client sends no more. It may still read.
    public mutating func inputEnded() -> EndAction {
        input = .ended
        switch state {
        case .idle, .reading:
            end()
            return .end
        case .passing: return .askRelay
        case .parked, .waiting, .gathering, .flushing, .ending: return .none
        case .answering: return impossible("inputEnded", .none)
        }
    }

    // MARK: Ends

    /// The deadline has passed, and this many bytes of an answer wait.
    public mutating func expired(queued left: Int, at now: UInt64, _ limits: TimeLimits) -> ExpiryAction {
        switch state {
        case .idle: return .close
        case .reading:
            state = .answering
            closes = true
            return .answerTimeout
        case .parked:
            deadline = .none
            return .refusePlace
        case .flushing, .passing:
            // The client is slow, but it reads.
            if left < queued {
                note(left, now, limits)
                return .none
            }
            return state == .passing(.flowing) ? .breakRelay : .close
        case .waiting, .gathering, .ending: return .none
        case .answering: return impossible("expired", .none)
        }
    }

    private mutating func note(_ queued: Int, _ now: UInt64, _ limits: TimeLimits) {
        self.queued = queued
        deadline = .body(now &+ limits.body)
    }

    /// The process is about to stop: the connection closes after its answer. True: it has none to give, and closes at
    /// once.
    public mutating func beganDraining() -> Bool {
        closes = true
        return state == .idle
    }

    /// The connection is closed, by either side.
    public mutating func closed() -> ClosedAction {
        defer { end() }
        switch state {
        case .parked, .waiting, .gathering: return .recordAborted
        case .passing: return .cancelRelay
        case .idle, .reading, .flushing, .ending: return .none
        case .answering: return impossible("closed", .none)
        }
    }

    private mutating func end() {
        state = .ending
        deadline = .none
    }

    private func impossible<Action>(_ event: StaticString, _ action: Action) -> Action {
        assertionFailure("ConnectionStateMachine: \(event) in \(state), \(input)")
        return action
    }
}
