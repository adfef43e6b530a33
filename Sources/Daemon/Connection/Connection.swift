import Bytes
import EventLoop
import HTTPCore
import HTTPParsing
import Serving

/// One client's connection: its bytes in, its requests one after the other, its answers out in the same order.
///
/// A request is read only when the one before it is answered and gone into the socket, so a client that pipelines and does
/// not read costs no more than the one answer it has not taken.
final class Connection: StreamDelegate {
    /// Where the connection is between two events.
    enum State {
        /// For the next request, or for the rest of its head.
        case reading
        /// For a fetch.
        indirect case waiting(PendingRequest)
        /// For what all loops have to tell.
        case gathering
        /// For upstream or the client, as a request is passed through.
        case passing(PassThrough)
        /// For the socket to take the rest of an answer.
        case flushing
        /// Nothing more is read or answered.
        case ending
    }

    /// The most that is kept of what a client sends ahead while its request waits.
    private static let mostAhead = 64 << 10

    let shard: Shard
    let stream: Stream
    var parser: RequestParser
    /// Bytes not dealt with yet: an unfinished head, or requests sent ahead.
    private var unread = ByteBuilder(capacity: 1)
    /// Whether what lies unread is being dealt with.
    private var isReadingOn = false
    /// How many of them the parser has seen.
    private var seen = 0
    var state = State.reading
    var closesAfterAnswer = false
    /// What is counted and logged of the request in hand.
    var note = Note()
    private var hasEnded = false
    private var queuedAtLastLook = 0
    /// Its place in the shard's table.
    var place = 0
    /// When it is given up unless something happens, in milliseconds.
    var deadline: UInt64

    init(shard: Shard, stream: Stream) {
        self.shard = shard
        self.stream = stream
        parser = RequestParser(limits: shard.settings.headLimits)
        deadline = shard.loop.nowMilliseconds &+ shard.settings.headerTimeout
    }

    // MARK: Bytes in

    func received(_ bytes: Span<UInt8>, on stream: Stream) {
        guard unread.isEmpty, isConsuming else {
            unread.append(bytes)
            readOn()
            if unread.count > Self.mostAhead { stream.stopReading() }
            return
        }
        let used = read(bytes)
        if used < bytes.count { unread.append(bytes.extracting(used..<bytes.count)) }
        if !isConsuming, unread.count > Self.mostAhead { stream.stopReading() }
    }

    func endOfInput(on stream: Stream) {
        hasEnded = true
        switch state {
        case .reading: end()
        // Whether the client is gone or only has no more to say cannot be told from this. Nearly always it is gone, and a
        // model that goes on talking to nobody costs its caller money; so the request upstream ends now.
        case .passing: stream.close()
        case .waiting, .gathering, .flushing, .ending: break
        }
    }

    func drained(_ stream: Stream) {
        switch state {
        case .flushing:
            answered()
            goOn()
        case .passing(let passing):
            deadline = passing.waitsForClient ? shard.loop.nowMilliseconds &+ shard.settings.bodyTimeout : .max
            passing.drained()
        case .reading, .waiting, .gathering, .ending: break
        }
    }

    func closed(_ stream: Stream, error: UVError?) {
        recordLeaving()
        if case .passing(let passing) = state { passing.cancel() }
        state = .ending
        shard.remove(self)
    }

    /// Whether bytes that come can be dealt with at once.
    private var isConsuming: Bool {
        switch state {
        case .reading: true
        case .passing(let passing): !passing.hasRequestBody && !passing.isUpstreamBlocked
        case .waiting, .gathering, .flushing, .ending: false
        }
    }

    /// Deals with what lies unread. A request in there may be answered at once by way of `goOn`, which must not read the same
    /// bytes a second time.
    func readOn() {
        guard !isReadingOn, !unread.isEmpty, isConsuming else { return }
        isReadingOn = true
        let used = read(unread.span)
        isReadingOn = false
        unread.removeFirst(used)
        // What a client once sent ahead must not take room for as long as it stays.
        if unread.isEmpty { unread = ByteBuilder(capacity: 1) }
    }

    /// Reads requests until one cannot be answered at once. The bytes that were used up are counted from the front.
    private func read(_ bytes: Span<UInt8>) -> Int {
        var used = 0
        while used < bytes.count, isConsuming {
            let run = bytes.extracting(used..<bytes.count)
            if case .passing(let passing) = state {
                used += passBody(run, to: passing)
                continue
            }
            switch parser.next(run, seen: seen) {
            case .needMore:
                if seen == 0 { deadline = shard.loop.nowMilliseconds &+ shard.settings.headerTimeout }
                seen = run.count
                return used
            case .request(let consumed):
                seen = 0
                handle(run.extracting(0..<consumed), hasBody: false)
                used += consumed
            case .head(let consumed):
                seen = 0
                handle(run.extracting(0..<consumed), hasBody: true)
                used += consumed
            case .invalid(let failure):
                closesAfterAnswer = true
                beginNote()
                send(Problem(failure.status, failure.message, detail: .badRequest), status: nil)
                return bytes.count
            }
        }
        return used
    }

    // MARK: Bytes out

    /// What was written has gone where it should: on to the next request, or to the end.
    func sent(_ outcome: WriteOutcome) {
        switch outcome {
        case .sent: answered()
        case .queued:
            state = .flushing
            stream.stopReading()
            noteFlushing()
        case .closed: state = .ending
        }
    }

    /// Whether the connection ends with the answer in hand.
    var isLastAnswer: Bool { closesAfterAnswer || shard.isDraining }

    func answered() {
        if isLastAnswer { return end() }
        state = .reading
        deadline = shard.loop.nowMilliseconds &+ shard.settings.idleTimeout
    }

    /// Deals with what was sent ahead, then with what comes.
    func goOn() {
        // Whoever reads on goes on with the next request itself.
        if isReadingOn { return }
        readOn()
        guard case .reading = state else { return }
        if hasEnded { end() } else { resumeReading() }
    }

    /// Takes in what the client sends, unless it has said that this is all.
    func resumeReading() {
        if !hasEnded { stream.startReading() }
    }

    // MARK: Ends

    /// Sends what is queued and closes, in that order.
    private func end() {
        state = .ending
        stream.shutdownThenClose(lingerMilliseconds: Self.linger)
    }

    /// How long a client that was told to go may take to go, in milliseconds.
    private static let linger = 2_000

    /// The deadline has passed: a client that is in the middle of a request is told so (RFC 9110 section 15.5.9), an idle one
    /// is left without a word, one that does not take its answer is cut off.
    func expire() {
        switch state {
        case .reading where seen > 0:
            closesAfterAnswer = true
            beginNote()
            send(Self.tooSlow, status: nil)
        case .flushing where stream.queuedBytes < queuedAtLastLook:
            // It is slow, but it reads.
            noteFlushing()
        case .passing where stream.queuedBytes > 0 && stream.queuedBytes < queuedAtLastLook: noteFlushing()
        case .passing(let passing) where passing.waitsForClient: breakOff(passing, Self.tooSlow)
        case .reading, .flushing, .passing: stream.close()
        case .waiting, .gathering, .ending: break
        }
    }

    private static let tooSlow = Problem(
        .requestTimeout, "the request took too long to arrive", detail: .badRequest)

    /// The client has to take what is queued: it is given up when it takes nothing for too long.
    func noteFlushing() {
        queuedAtLastLook = stream.queuedBytes
        deadline = shard.loop.nowMilliseconds &+ shard.settings.bodyTimeout
    }

    /// Larder is about to stop: an idle connection ends now, another with its answer.
    func drain() {
        closesAfterAnswer = true
        if case .reading = state, unread.isEmpty, seen == 0 { stream.close() }
    }
}
