import Bytes
import EventLoop
import HTTPCore
import HTTPParsing
import Serving

/// One client's connection: its bytes and its calls. `ConnectionStateMachine` decides what it does next.
///
/// It reads requests one at a time and sends the answers in the same order. A request is read only after the answer
/// before it was written to the socket. So a client that pipelines and does not read costs no more than one unsent
/// answer.
final class Connection: StreamDelegate {
    let shard: Shard
    /// The shard's. Reading it here takes no reference to it for each call.
    let loop: Loop
    let stream: Stream
    var parser: RequestParser
    var machine: ConnectionStateMachine
    /// Bytes not processed yet: an unfinished head, or requests sent ahead.
    private var unread = ByteBuilder(capacity: 1)
    /// How many of the unread bytes the parser has seen.
    private var seen = 0
    /// Whether the limits of heads have changed since the parser was made.
    private var hasOldLimits = false
    /// What is known of the current request.
    var request = RequestRecord()
    /// What is kept of the current request while it waits for fetches.
    var pending: RequestSummary?
    /// The current request, while it is passed through.
    var passing: PassThrough?
    /// The stream of events that answers the current request.
    var following: EventFollower?
    /// Its index in the shard's table.
    var position = 0
    /// Whether it has one of the places of `server.max_connections`.
    var place = Place.own

    /// The listener that it came through.
    let door: Door

    /// Which requests a listener answers.
    enum Door {
        /// All: there is no `admin.listen`.
        case only
        /// All except those for Larder's own pages, which `admin.listen` answers.
        case front
        /// All: it is one of `admin.listen`.
        case admin
    }

    /// How a connection stands to the places of `server.max_connections`.
    enum Place {
        /// It has one.
        case own
        /// It has one, and is being closed so that another connection gets it.
        case ceded
        /// It is in the reserve, where only requests for Larder's own pages are answered.
        case reserved
        /// The same, and its request waits for a place.
        case awaited
    }

    init(shard: Shard, stream: Stream, door: Door) {
        self.shard = shard
        self.door = door
        loop = shard.loop
        self.stream = stream
        parser = RequestParser(limits: shard.settings.headLimits)
        machine = ConnectionStateMachine(at: loop.nowMilliseconds, shard.settings.timeLimits)
    }

    /// The loop's time, in milliseconds.
    @inline(__always)
    var now: UInt64 { loop.nowMilliseconds }

    /// How long a client may take now.
    @inline(__always)
    var limits: ConnectionStateMachine.TimeLimits { shard.settings.timeLimits }

    // MARK: Bytes in

    func received(_ bytes: Span<UInt8>, on stream: Stream) {
        guard unread.isEmpty, machine.isConsuming else {
            unread.append(bytes)
            readOn()
            return perform(machine.keptAhead(unread.count))
        }
        let used = read(bytes)
        guard used < bytes.count else { return }
        unread.append(bytes.extracting(used..<bytes.count))
        perform(machine.keptAhead(unread.count))
    }

    func endOfInput(on stream: Stream) {
        switch machine.inputEnded() {
        case .none: break
        case .end: end()
        case .askRelay:
            if following != nil || passing?.clientEndedInput() == .closeClient { stream.close() }
        }
    }

    func drained(_ stream: Stream) {
        switch machine.drained(at: now, limits) {
        case .finish:
            answered()
            goOn()
        case .relay:
            passing?.drained()
            following?.drained()
        case .none: break
        }
    }

    func closed(_ stream: Stream, error: UVError?) {
        switch machine.closed() {
        case .none: break
        case .recordAborted: recordAborted(nil)
        case .cancelRelay:
            if leaveFollowing() { break }
            recordAborted(passing)
            passing?.cancel()
        }
        pending = nil
        passing = nil
        shard.remove(self)
    }

    /// Processes the unread bytes. A request among them may be answered at once through `goOn`, which must not read the
    /// same bytes a second time.
    func readOn() {
        guard !unread.isEmpty, machine.beginProcessing() else { return }
        let used = read(unread.span)
        machine.endProcessing()
        unread.removeFirst(used)
        // Release the buffer of what a client once sent ahead; otherwise it would stay as long as the connection.
        if unread.isEmpty { unread = ByteBuilder(capacity: 1) }
    }

    /// Reads requests until one cannot be answered at once. Returns how many bytes, from the front, were used.
    private func read(_ bytes: Span<UInt8>) -> Int {
        var used = 0
        while used < bytes.count, machine.isConsuming {
            let run = bytes.extracting(used..<bytes.count)
            if let passing {
                used += passBody(run, to: passing)
                continue
            }
            switch parser.next(run, seen: seen) {
            case .needMore:
                machine.receivedPart(at: now, limits)
                seen = run.count
                return used
            case .request(let consumed):
                seen = 0
                if place != .own, !mayProceed(run.extracting(0..<consumed)) { return used }
                handle(run.extracting(0..<consumed), hasBody: false)
                used += consumed
            case .head(let consumed):
                seen = 0
                if place != .own, !mayProceed(run.extracting(0..<consumed)) { return used }
                handle(run.extracting(0..<consumed), hasBody: true)
                used += consumed
            case .invalid(let failure):
                machine.receivedInvalid()
                request.begin(at: loop.nowNanoseconds)
                send(Problem(failure.status, failure.message, detail: .badRequest), status: nil)
                return bytes.count
            }
        }
        return used
    }

    /// Processes what was sent ahead, then what arrives. The running `readOn` continues with the next request itself.
    func goOn() {
        readOn()
        perform(machine.caughtUp())
    }

    private func perform(_ action: ConnectionStateMachine.InputAction) {
        switch action {
        case .none: break
        case .stop: stream.stopReading()
        case .resume: stream.startReading()
        case .end: end()
        }
    }

    // MARK: Bytes out

    /// The write has finished: continue with the next request, or close.
    @inline(__always)
    func sent(_ outcome: WriteOutcome) {
        switch outcome {
        case .sent: answered()
        case .queued: perform(machine.blocked(queued: stream.queuedBytes, at: now, limits))
        case .closed: machine.lost()
        }
    }

    /// Whether the connection closes after the current answer.
    var isLastAnswer: Bool { machine.closes || shard.isDraining }

    func answered() {
        switch machine.answered(isDraining: shard.isDraining, at: now, limits) {
        case .end: end()
        case .readNext: if hasOldLimits { takeHeadLimits() }
        }
    }

    /// The limits of heads have changed. A request that is being read keeps the limits that it began with.
    func takeHeadLimits() {
        if machine.state == .idle { takeNewParser() } else { hasOldLimits = true }
    }

    /// Reads the next bytes as the begin of a request.
    func takeNewParser() {
        parser = RequestParser(limits: shard.settings.headLimits)
        hasOldLimits = false
    }

    // MARK: A request that is passed through

    /// Forwards the received part of the request's body, and returns how many of `bytes` were used.
    private func passBody(_ bytes: Span<UInt8>, to passing: PassThrough) -> Int {
        machine.receivedBody(at: now, limits)
        switch parser.nextBody(bytes) {
        case .needMore: return bytes.count
        case .data(let range, let consumed):
            let hasRoom = passing.send(bytes.extracting(range))
            let isEnd = consumed == bytes.count && parser.endsBody()
            perform(machine.passedBody(hasRoom: hasRoom, isEnd: isEnd))
            if isEnd { passing.finishBody() }
            return consumed
        case .end(let consumed):
            perform(machine.passedBody(hasRoom: true, isEnd: true))
            passing.finishBody()
            return consumed
        case .invalid(let failure):
            breakOff(passing, Problem(failure.status, failure.message, detail: .badRequest))
            return bytes.count
        }
    }

    /// Upstream accepts more of the request's body.
    func passMore() {
        if machine.gotRoom(at: now, limits) { goOn() }
    }

    /// The client must read what is queued. It is cut off if it reads nothing for too long.
    func relayBlocked() { machine.relayBlocked(queued: stream.queuedBytes, at: now, limits) }

    // MARK: Ends

    /// Sends what is queued, then closes.
    private func end() { stream.shutdownThenClose(lingerMilliseconds: Self.linger) }

    /// How long a client may take to close after Larder has ended the connection, in milliseconds.
    private static let linger = 2_000

    /// Whether the client's time is up.
    func isOverdue(at now: UInt64) -> Bool { machine.deadline.hasPassed(at: now) }

    /// The deadline has passed.
    func expire() {
        switch machine.expired(queued: stream.queuedBytes, at: now, limits) {
        case .none: break
        case .answerTimeout:
            request.begin(at: loop.nowNanoseconds)
            send(Self.tooSlow, status: nil)
        case .refusePlace: refusePlace()
        case .breakRelay: if let passing { breakOff(passing, Self.tooSlow) }
        case .close:
            // If this thread has not run for a while, the next request may wait to be read.
            if machine.state == .idle, stream.hasUnreadInput { break }
            stream.close()
        }
    }

    private static let tooSlow = Problem(
        .requestTimeout, "the request took too long to arrive", detail: .badRequest)

    /// Larder is about to stop: an idle connection closes now, any other after its answer. A request that has arrived, but
    /// was not read yet, is answered too.
    func drain() {
        if machine.beganDraining(), !stream.hasUnreadInput { stream.close() }
        endFollowing()
    }
}
