import Bytes
import EventLoop
import HTTPParsing

/// A streamed exchange: what waits to be sent, what has come and not been told yet, and who is told.
///
/// Reading only fills buffers; the delegate is told from `go`, where nothing of ours is under way.
final class StreamTransfer {
    /// How often it reads before others have a turn.
    private static let mostReads = 4

    private var client: UpstreamClient?
    /// Whoever sends; it lets go of this when this lets go of it.
    private var handle: UpstreamStream?
    private var delegate: (any UpstreamStreamDelegate)?
    private let loop: Loop
    /// When something has moved last, in the loop's milliseconds.
    private var lastMoved: UInt64

    /// Its place in the client's table.
    var place: Int

    /// Whether it stands in the client's list of those that have something to tell.
    var isTouched = false

    private var connection: UpstreamConnection?

    // The request.
    private let method: String
    /// Nil if the request cannot be sent.
    private let origin: Origin?
    private var outgoing: OutgoingRequest
    private var isFull = false
    private var hasRoom = false
    /// Whether upstream takes no more of the request.
    private var isDeaf = false

    // The response.
    private var interim: [ResponseParser.Head] = []
    private var final: ResponseParser.Head?
    private var incoming = ByteBuilder(capacity: 1000)
    private var trailers: Range<Int>?
    private var hasHeard = false
    private var isPaused = false
    /// Whether there may be more to read.
    private var mayRead = false
    /// What is wrong with the connection, where that was found otherwise than by reading.
    private var breakage: FetchFailure?
    /// Whether bytes came behind the response.
    private var hasLeftover = false
    private var failure: FetchFailure?

    var isOver: Bool { delegate == nil }

    init(
        _ request: consuming StreamRequest, to origin: Origin?, by proxy: PlainProxy?, client: UpstreamClient,
        delegate: any UpstreamStreamDelegate, place: Int
    ) {
        self.client = client
        self.delegate = delegate
        self.origin = origin
        self.place = place
        loop = client.loop
        loop.updateNow()
        lastMoved = loop.nowMilliseconds
        method = request.method
        outgoing = OutgoingRequest(request, to: origin, by: proxy)
    }

    private func moved() { lastMoved = loop.nowMilliseconds }

    /// How long nothing has moved, in milliseconds.
    var rested: Int { Int(loop.nowMilliseconds - lastMoved) }

    /// How far it has come.
    var phase: FetchPhase {
        if let connection, !connection.isOpen { return connection.phase }
        return hasHead ? .body : .head
    }

    private var hasHead: Bool { connection?.parser.hasHead == true }

    /// The handle for whoever asked.
    func makeHandle() -> UpstreamStream {
        let made = UpstreamStream()
        made.transfer = self
        handle = made
        return made
    }

    /// Ends with a failure; told like any other end.
    func fail(_ failure: FetchFailure) {
        self.failure = self.failure ?? failure
        client?.touch(self)
    }

    // MARK: The connection

    /// Sends the request on its way, on a kept connection if there is one.
    func begin() {
        guard let client, let multi = client.multi, let origin else { return }
        use(client.takeConnection(to: origin, multi))
    }

    /// Sends it anew on a connection of its own, where a kept one has ended. Nothing of a body may have gone.
    private func beginAnew() {
        connection?.close()
        outgoing.rewind()
        isDeaf = false
        mayRead = false
        breakage = nil
        guard let client, let multi = client.multi, let origin else { return }
        use(client.makeConnection(to: origin, multi))
    }

    private func use(_ connection: UpstreamConnection) {
        self.connection = connection
        connection.stream = self
        connection.parser.begin(isHead: method == "HEAD")
        if connection.isOpen { connected(nil) }
    }

    /// The connection has been made, or could not be.
    func connected(_ failure: FetchFailure?) {
        if let failure { return fail(failure) }
        moved()
        flush()
        watch()
    }

    /// The connection is ready for something that is waited for, or has failed: what came before that is read all the same.
    func ready(_ readiness: Readiness) {
        if readiness.contains(.error) { breakage = breakage ?? .cut("the connection was reset") }
        if readiness.contains(.writable) { flush() }
        if readiness != .writable { mayRead = true }
        client?.settle(self)
    }

    private func watch() {
        var readiness: Readiness = isPaused ? [] : .readable
        if outgoing.waiting > 0 { readiness.insert(.writable) }
        connection?.watch(readiness)
    }

    /// The connection has ended, by a failure or in good order.
    private func connectionEnded(_ failure: FetchFailure?) {
        if trailers != nil {
            // There is the whole response, and nobody left to send the rest of the request to.
            stopSending()
        } else if failure == nil, connection?.parser.endsWithConnection == true {
            trailers = 0..<0
            stopSending()
        } else if !hasHeard, connection?.isUsed == true {
            if isIdempotent(method), outgoing.isRepeatable {
                beginAnew()
            } else {
                fail(.cut("a kept connection ended without an answer, and this request is not one to repeat"))
            }
        } else {
            let place = hasHead ? "within the body" : hasHeard ? "within the head" : "without an answer"
            fail(failure ?? .cut("the connection ended \(place)"))
        }
    }

    // MARK: The request

    func send(_ bytes: Span<UInt8>) -> Bool {
        if isOver || isDeaf || outgoing.isWhole { return true }
        outgoing.append(bytes)
        flush()
        isFull = outgoing.waiting >= OutgoingRequest.enough
        watch()
        return !isFull
    }

    func finishBody(_ trailers: [(name: String, value: [UInt8])]) {
        if isOver || isDeaf || outgoing.isWhole { return }
        if outgoing.missing > 0 {
            return fail(.other("the request's body ended \(outgoing.missing) bytes before its length"))
        }
        outgoing.finish(trailers)
        flush()
        watch()
        // The response may only have waited for this.
        if self.trailers != nil { client?.touch(self) }
    }

    private func flush() {
        guard let connection, connection.isOpen else { return }
        sending: while outgoing.waiting > 0 {
            switch connection.send(outgoing.span) {
            case .some(let count):
                outgoing.advance(count)
                moved()
            case .later:
                outgoing.noteHeld()
                break sending
            // A kept connection has ended just now: nothing of this request is on its way.
            case .failed where connection.isUsed && !outgoing.hasBegun: return beginAnew()
            case .failed(let failure):
                // Upstream may have said why, and reading tells.
                breakage = failure
                outgoing.drop()
                isDeaf = true
                mayRead = true
                client?.touch(self)
            }
        }
        if isFull, outgoing.waiting <= OutgoingRequest.enough / 2 {
            isFull = false
            hasRoom = true
            client?.touch(self)
        } else if trailers != nil, outgoing.isSent {
            client?.touch(self)
        }
    }

    /// Upstream does not want the rest.
    private func stopSending() {
        if outgoing.isSent { return }
        outgoing.drop()
        isDeaf = true
    }

    // MARK: The response

    private func read() {
        guard let client, let connection, connection.isOpen else { return mayRead = false }
        switch connection.receive(into: client.room) {
        case .some(let count, let more):
            mayRead = more
            moved()
            let bytes = unsafe UnsafeRawBufferPointer(rebasing: client.room.raw[..<count])
            take(unsafe Span(_unsafeBytes: bytes), of: connection)
        case .nothing:
            mayRead = false
            // Once sending has failed, OpenSSL may go on saying that there is nothing yet, and never looks.
            if let breakage { connectionEnded(breakage) }
        case .end:
            mayRead = false
            connectionEnded(nil)
        case .failed(let failure):
            mayRead = false
            connectionEnded(failure)
        }
    }

    private func take(_ bytes: Span<UInt8>, of connection: UpstreamConnection) {
        hasHeard = true
        // Nobody has asked for what comes behind the response.
        if trailers != nil { return connectionEnded(nil) }
        var rest = bytes
        while true {
            let (event, consumed) = connection.parser.next(rest)
            switch event {
            case .needMore: return
            case .interim(let head) where head.status == 101:
                return fail(.malformed("it switches to another protocol, which nobody has asked for"))
            case .interim(let head): interim.append(head)
            case .head(let head):
                final = head
                // A refusal is not worth the rest of the request (RFC 9112 section 9.5).
                if head.status >= 300 { stopSending() }
            case .body(let range): incoming.append(rest.extracting(range))
            case .end(let trailers):
                self.trailers = trailers
                hasLeftover = consumed < rest.count
                return
            case .invalid(let reason): return fail(.malformed(reason))
            }
            rest = rest.extracting(consumed...)
        }
    }

    func pause() { isPaused = true }

    func resume() {
        guard isPaused else { return }
        isPaused = false
        mayRead = true
        client?.touch(self)
    }

    // MARK: Telling

    /// Tells what has come and reads on, by turns, for as long as the delegate takes it and others need not wait.
    func go() {
        tell()
        var reads = 0
        while mayRead, !isPaused, !isOver, reads < Self.mostReads {
            reads += 1
            read()
            tell()
        }
        if isOver { return }
        if mayRead, !isPaused { client?.touchLater(self) }
        watch()
    }

    /// Whether there is nothing left to wait for.
    private var isFinished: Bool { failure != nil || trailers != nil && (isDeaf || outgoing.isSent) }

    private func tell() {
        if let connection {
            while !interim.isEmpty, let delegate { connection.parser.tell(interim.removeFirst(), to: delegate) }
            if let head = final, let delegate {
                final = nil
                connection.parser.tell(head, to: delegate)
            }
        }
        if !isPaused, !incoming.isEmpty {
            delegate?.received(incoming.span)
            incoming.removeAll()
        }
        if isPaused || !isFinished { delegate?.settled() }
        if hasRoom {
            hasRoom = false
            delegate?.wantsBody()
        }
        if !isPaused, isFinished { end() }
    }

    private func end() {
        guard let delegate else { return }
        let client = client
        let connection = connection
        self.connection = nil
        close()
        if let failure {
            connection?.close()
            return delegate.failed(failure)
        }
        guard let connection, let trailers else { return }
        if !isDeaf, !hasLeftover, connection.parser.keepsAlive {
            client?.keep(connection)
        } else {
            connection.close()
        }
        // Its parser stays as it is until the next request, which has not begun.
        connection.parser.tellEnd(trailers, to: delegate)
    }

    /// Closes its connection.
    func disconnect() { connection?.close() }

    /// Ends with a failure at once, whatever has not been told.
    func abandon(_ failure: FetchFailure) {
        self.failure = self.failure ?? failure
        end()
    }

    /// Lets go of everybody; nobody is told anything more.
    func close() {
        client?.forget(self)
        client = nil
        connection?.close()
        connection = nil
        handle?.transfer = nil
        handle = nil
        delegate = nil
    }
}

extension ResponseParser {
    /// Tells a head.
    fileprivate func tell(_ head: Head, to delegate: any UpstreamStreamDelegate) {
        if head.status < 200 {
            delegate.informational(status: head.status, fields: self[head.fields])
        } else {
            delegate.head(status: head.status, fields: self[head.fields])
        }
    }

    /// Tells the response's end.
    fileprivate func tellEnd(_ trailers: Range<Int>, to delegate: any UpstreamStreamDelegate) {
        delegate.ended(trailers: self[trailers])
    }
}
