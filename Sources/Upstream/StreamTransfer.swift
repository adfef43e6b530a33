import Bytes
internal import CCurl
import EventLoop
import HTTPCore

/// A streamed exchange: what curl has received and not been told yet, what is to be sent, and who is told.
///
/// curl's callbacks only fill and empty buffers; the delegate is told after curl has returned, in `settle`.
///
/// It speaks HTTP/1.1 only. On a shared HTTP/2 connection a paused stream of curl's (7.88) lets the peer send 32 MiB more, which
/// cannot be lowered, and halts all others of the connection until it goes on. On a connection of its own the kernel's
/// buffers bound what a slow reader holds back.
final class StreamTransfer: CurlTransfer {
    /// The most that is received and not told yet, in bytes; curl's own buffer comes to that.
    static let enough = 64 << 10

    /// The longest body that is given to curl together with the head, in bytes; curl copies it.
    static let mostAtOnce = 16 << 10

    private var client: UpstreamClient?
    /// Whoever sends; it lets go of this when this lets go of it.
    private var handle: UpstreamStream?
    private var delegate: (any UpstreamStreamDelegate)?
    private let loop: Loop
    /// When something has moved last, and what curl has sent by then.
    private var lastMoved: UInt64
    private var counted = 0

    /// Its place in the client's table.
    var place: Int

    // The request.
    let method: String
    let body: StreamRequest.Body
    /// Whether the easy handle keeps nothing of the request once `takeBack` has been called.
    var isReusable = false
    private var isHead: Bool { method == "HEAD" }
    private var attempts = 0
    private var hasGivenBody = false
    private var outgoing = OutgoingBody()
    /// Of the announced length; nil in chunks.
    private var unsent: Int?
    private var isBodyWhole = false
    /// Whether the body has gone to curl with the head.
    private(set) var isSentWhole = false
    private var trailers: [(name: String, value: [UInt8])] = []
    private var isFull = false
    private var hasRoom = false
    /// Whether curl waits for more to send.
    private var isStarved = false

    // The response.
    private var reader = StreamHead()
    private var incoming = ByteBuilder(capacity: 1000)
    private var isPaused = false
    /// Whether curl has bytes that were not taken.
    private var isHeld = false
    private var outcome: Result<Void, FetchFailure>?

    /// Whether it stands in the client's list of those that have something to tell.
    var isTouched = false

    var isOver: Bool { delegate == nil }

    /// Whether curl waits for a body that upstream, having answered, perhaps does not read any more. See `settle`.
    var isLingering: Bool { isStarved && reader.isComplete && !isOver }

    init(
        _ request: consuming StreamRequest, to origin: ParsedOrigin?, easy: EasyHandle, client: UpstreamClient,
        delegate: any UpstreamStreamDelegate, place: Int
    ) {
        self.client = client
        self.delegate = delegate
        loop = client.loop
        self.place = place
        loop.updateNow()
        lastMoved = loop.nowMilliseconds
        body = request.sentBody
        if case .length(let count) = body { unsent = count }
        isBodyWhole = body == .none
        method = request.method
        var target = request.target
        target.append(0)
        super.init(easy, request.lines)
        if let origin { prepare(target, origin, client.settings) }
    }

    private func moved() { lastMoved = loop.nowMilliseconds }

    /// How long nothing has moved, in milliseconds.
    var rested: Int {
        // What curl sends it does not report.
        let count = number(CURLINFO_SIZE_UPLOAD_T)
        if count != counted {
            counted = count
            moved()
        }
        return Int(loop.nowMilliseconds - lastMoved)
    }

    /// The handle for whoever asked.
    func makeHandle() -> UpstreamStream {
        let made = UpstreamStream()
        made.transfer = self
        handle = made
        return made
    }

    /// Ends before it has begun; told like any other end.
    func fail(_ failure: FetchFailure) {
        outcome = .failure(failure)
        touch()
    }

    private func touch() { client?.touch(self) }

    // MARK: The request's body

    /// Tells curl the body's framing, just before it begins: one that is whole and small goes out with the head.
    func begin() {
        let isWhole = isBodyWhole && outgoing.count == unsent && outgoing.count <= StreamTransfer.mostAtOnce
        if isWhole {
            unsafe sendWhole(outgoing.start, outgoing.count)
            isSentWhole = true
            unsent = 0
        } else {
            sendInParts()
        }
        nameMethod()
    }

    func send(_ bytes: Span<UInt8>) -> Bool {
        if isOver || isBodyWhole { return true }
        outgoing.append(bytes)
        feed()
        isFull = outgoing.count >= OutgoingBody.enough
        return !isFull
    }

    func finishBody(_ trailers: [(name: String, value: [UInt8])]) {
        if isOver || isBodyWhole { return }
        self.trailers = trailers.filter {
            FieldSyntax.isToken($0.name.utf8.span) && FieldSyntax.isValue($0.value.span)
        }
        isBodyWhole = true
        feed()
    }

    /// Lets curl come for more.
    private func feed() {
        guard isStarved else { return }
        isStarved = false
        client?.multi?.allow(self, receiving: !isHeld, sending: true)
    }

    /// Whether a request may go out now: curl asks anew where a kept connection has ended without an answer, and does not mind
    /// whether the request may be repeated or what it has taken of the body.
    override func mayBegin() -> Bool {
        attempts += 1
        if attempts == 1 || isIdempotent(method) && !hasGivenBody {
            hasGivenBody = hasGivenBody || isSentWhole && !outgoing.isEmpty
            return true
        }
        _ = stop(.cut("a kept connection ended without an answer, and this request is not one to repeat"))
        return false
    }

    /// Gives curl bytes of the body: a count, 0 at the end, or what pauses or ends the transfer.
    func giveBody(_ room: UnsafeMutableRawBufferPointer) -> Int {
        let limit = min(room.count, unsent ?? .max)
        let size = unsafe outgoing.take(into: UnsafeMutableRawBufferPointer(rebasing: room[..<limit]))
        if size > 0 {
            hasGivenBody = true
            moved()
            if unsent != nil { unsent! -= size }
            if isFull, outgoing.count <= OutgoingBody.enough / 2 {
                isFull = false
                hasRoom = true
                touch()
            }
            return size
        }
        if !isBodyWhole {
            isStarved = true
            if reader.isComplete { client?.lingering.append(self) }
            return Int(CURL_READFUNC_PAUSE)
        }
        if let unsent, unsent > 0 {
            _ = stop(.other("the request's body ended \(unsent) bytes before its length"))
            return Int(CURL_READFUNC_ABORT)
        }
        return 0
    }

    /// The trailers, as a list that curl frees.
    func giveTrailers() -> UnsafeMutablePointer<curl_slist>? {
        var list: UnsafeMutablePointer<curl_slist>?
        for trailer in trailers {
            var line = RequestLines()
            line.add(trailer.name.utf8.span, trailer.value.span)
            unsafe list = curl_slist_append(list, line.start)
        }
        return unsafe list
    }

    // MARK: The response

    override var hasHead: Bool { reader.isComplete }

    override func add(line: Span<UInt8>) -> Taken {
        moved()
        if !reader.add(line) { return stop(.malformed("its head has more than \(ResponseHead.maximumBytes) bytes")) }
        if reader.status == 101 {
            return stop(.malformed("it switches to another protocol, which nobody has asked for"))
        }
        if reader.isWithoutLength, !isHead { awaitFarewell() }
        if reader.hasNext { touch() }
        return .all
    }

    override func add(bytes: Span<UInt8>) -> Taken {
        if isPaused || incoming.count + bytes.count > StreamTransfer.enough {
            isHeld = true
            touch()
            return .later
        }
        moved()
        incoming.append(bytes)
        touch()
        return .all
    }

    func pause() { isPaused = true }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        touch()
    }

    func ended(_ code: CURLcode, issuer: String?) {
        outcome = failure(code, issuer: issuer).map { .failure($0) } ?? .success(())
        touch()
    }

    // MARK: Telling

    /// Tells what has come, as far as the delegate takes it.
    func settle() {
        while let delegate, let head = reader.next() { reader.tell(head, to: delegate) }
        if !isPaused, !incoming.isEmpty {
            delegate?.received(incoming.span)
            incoming.removeAll()
        }
        if isPaused || outcome == nil { delegate?.settled() }
        if hasRoom {
            hasRoom = false
            delegate?.wantsBody()
        }
        // curl ends a transfer whose body upstream does not want any more, but not while the sending is paused.
        if isLingering { feed() }
        if isPaused || isOver { return }
        if let outcome { return end(outcome) }
        if isHeld {
            isHeld = false
            client?.multi?.allow(self, receiving: true, sending: !isStarved)
        }
    }

    private func end(_ outcome: Result<Void, FetchFailure>) {
        guard let delegate else { return }
        let client = client
        close()
        if case .success = outcome, isReusable, isBodyWhole, unsent ?? 0 == 0, isSentWhole || outgoing.count == 0 {
            takeBack()
            client?.keep(easy)
        }
        switch outcome {
        case .success: reader.tellEnd(to: delegate)
        case .failure(let failure): delegate.failed(failure)
        }
    }

    /// Ends with a failure at once, whatever has not been told.
    func abandon(_ failure: FetchFailure) { end(.failure(failure)) }

    /// Lets go of everybody; nobody is told anything more.
    func close() {
        client?.forget(self)
        client = nil
        handle?.transfer = nil
        handle = nil
        delegate = nil
    }
}
