import Bytes
import EventLoop
import HTTPParsing

/// One exchange with upstream: it sends, reads and calls its delegate as `ExchangeStateMachine` says.
///
/// Reading only fills buffers. The delegate is called from `go`, when none of our other code is running.
final class Exchange {
    /// How many times it reads before other exchanges get a turn.
    private static let mostReads = 4

    private var client: UpstreamClient?
    /// The sender's handle; the two release each other at the end.
    private var handle: UpstreamStream?
    private var delegate: (any UpstreamStreamDelegate)?
    private let loop: Loop
    private var machine = ExchangeStateMachine()
    private var connection: UpstreamConnection?

    /// Nil if the request cannot be sent.
    private let origin: Origin?
    private let method: String
    private var outgoing: OutgoingRequest

    /// When its connection was chosen, in the loop's milliseconds.
    private var chosenAt: UInt64 = 0

    /// When the request or the final response last made progress, in the loop's milliseconds.
    private var lastMoved: UInt64

    /// Whether anyone receives what is sent on its connection.
    private var acknowledgements = AcknowledgementWatch()

    /// Its index in the client's table.
    var index: Int

    /// Whether it is in the client's list of exchanges that have something to deliver.
    var isTouched = false

    var isOver: Bool { delegate == nil }

    init(
        _ request: borrowing StreamRequest, to destination: Destination, isSound: Bool, client: UpstreamClient,
        delegate: any UpstreamStreamDelegate, index: Int
    ) {
        self.client = client
        self.delegate = delegate
        origin = isSound ? destination.origin : nil
        self.index = index
        loop = client.loop
        loop.updateNow()
        lastMoved = loop.nowMilliseconds
        method = request.method
        outgoing = OutgoingRequest(request, to: origin, by: destination.proxy)
    }

    private func moved() { lastMoved = loop.nowMilliseconds }

    /// How long there has been no progress, in milliseconds.
    var idleTime: Int {
        let now = loop.nowMilliseconds
        return Int(clamping: now.elapsed(since: lastMoved))
    }

    /// The progress so far.
    var phase: FetchPhase {
        if let connection, !connection.isOpen { return connection.phase }
        return machine.hasHead ? .body : .head
    }

    private var isRepeatable: Bool { isIdempotent(method) && outgoing.isRepeatable }

    /// The handle for the sender.
    func makeHandle() -> UpstreamStream {
        let made = UpstreamStream()
        made.exchange = self
        handle = made
        return made
    }

    /// Ends with a failure; delivered like any other end.
    func fail(_ failure: FetchFailure) {
        machine.failed(failure)
        client?.touch(self)
    }

    // MARK: The connection

    /// Sends the request, on an idle connection if there is one.
    func begin() {
        guard let client, let multi = client.multi, let origin else { return }
        machine.began()
        use(client.takeConnection(to: origin, multi))
    }

    /// Sends the request from its beginning on a new connection.
    private func sendAgain() {
        connection?.close()
        outgoing.rewind()
        guard let client, let multi = client.multi, let origin else { return }
        client.closeIdle(to: origin, keptBy: chosenAt)
        use(client.makeConnection(to: origin, multi))
    }

    private func use(_ connection: UpstreamConnection) {
        self.connection = connection
        acknowledgements = AcknowledgementWatch()
        chosenAt = loop.nowMilliseconds
        connection.exchange = self
        connection.parser.begin(isHead: method == "HEAD")
        if connection.isOpen { connected(nil) }
    }

    /// The connection has been made, or making it failed.
    func connected(_ failure: FetchFailure?) {
        if let failure { return fail(failure) }
        machine.connected(isUsed: connection?.isUsed == true)
        moved()
        flush()
        watch()
    }

    /// The connection is ready for an awaited event, or has failed. Bytes that arrived before a failure are still read.
    func ready(_ readiness: Readiness) {
        if readiness.contains(.error) { machine.socketFailed() }
        if readiness.contains(.writable) { flush() }
        if readiness.contains(.readable) { machine.becameReadable() }
        client?.settle(self)
    }

    /// Ends the connection if nobody has acknowledged what was sent for `limit` milliseconds.
    func checkAcknowledgements(limit: UInt64) {
        guard let report = connection?.acknowledgements,
            acknowledgements.look(report, at: loop.nowMilliseconds) >= limit
        else { return }
        perform(machine.unacknowledged(isRepeatable: isRepeatable))
        client?.settle(self)
    }

    private func watch() {
        var readiness: Readiness = machine.isPaused ? [] : .readable
        if outgoing.waiting > 0 { readiness.insert(.writable) }
        connection?.watch(readiness)
    }

    private func perform(_ action: ExchangeStateMachine.EndAction) {
        switch action {
        case .none: break
        case .dropRequest: outgoing.drop()
        case .sendAgain: sendAgain()
        }
    }

    // MARK: The request

    func send(_ bytes: Span<UInt8>) -> Bool {
        if isOver || !machine.takesBody || outgoing.isWhole { return true }
        outgoing.append(bytes)
        flush()
        let hasRoom = machine.requestGrew(waiting: outgoing.waiting)
        watch()
        return hasRoom
    }

    func finishBody(_ trailers: [(name: String, value: [UInt8])]) {
        if isOver || !machine.takesBody || outgoing.isWhole { return }
        if outgoing.missing > 0 {
            return fail(.other("the request's body ended \(outgoing.missing) bytes too early"))
        }
        outgoing.finish(trailers)
        flush()
        watch()
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
            case .failed(let failure, let isReset):
                switch machine.sendingFailed(failure, hasBegun: outgoing.hasBegun, isReset: isReset) {
                case .sendAgain: return sendAgain()
                case .dropRequest:
                    outgoing.drop()
                    client?.touch(self)
                    return
                }
            }
        }
        switch machine.requestAdvanced(waiting: outgoing.waiting, isSent: outgoing.isSent) {
        case .none: break
        case .deliver: client?.touch(self)
        }
    }

    // MARK: The response

    private func read() {
        guard let client, let connection else { return }
        switch connection.receive(into: client.readBuffer) {
        case .some(let count, let more):
            switch machine.received(more: more) {
            case .ignore: break
            case .dropRequest: outgoing.drop()
            case .parse:
                let bytes = unsafe UnsafeRawBufferPointer(rebasing: client.readBuffer.raw[..<count])
                parse(unsafe Span(_unsafeBytes: bytes), of: connection)
                // Interim responses do not count as progress: there may be any number of them.
                if machine.hasHead { moved() }
            }
        case .nothing: perform(machine.receivedNothing(isRepeatable: isRepeatable))
        case .end: perform(machine.connectionEnded(nil, isRepeatable: isRepeatable))
        case .failed(let failure): perform(machine.connectionEnded(failure, isRepeatable: isRepeatable))
        }
    }

    private func parse(_ bytes: Span<UInt8>, of connection: UpstreamConnection) {
        var rest = bytes
        while true {
            let (event, consumed) = connection.parser.next(rest)
            switch event {
            case .needMore: return
            case .interim(let head): if machine.receivedInterim(head) == .stop { return }
            case .head(let head):
                perform(machine.receivedHead(head, endsWithConnection: connection.parser.endsWithConnection))
            case .body(let range): connection.incoming.append(rest.extracting(range))
            case .end(let trailers):
                let isReusable = connection.parser.keepsAlive && consumed == rest.count
                return machine.receivedEnd(trailers: trailers, isReusable: isReusable)
            case .invalid(let reason): return machine.failed(.malformed(reason))
            }
            rest = rest.extracting(consumed...)
        }
    }

    func pause() { machine.paused() }

    func resume() { if machine.resumed() { client?.touch(self) } }

    // MARK: Delivery

    /// Alternates between delivering and reading, while the delegate accepts more and other exchanges need not wait.
    func go() {
        deliver()
        var reads = 0
        while machine.wantsRead, reads < Self.mostReads {
            reads += 1
            read()
            deliver()
        }
        if isOver { return }
        if machine.wantsRead { client?.touchLater(self) }
        watch()
    }

    private func deliver() {
        guard let delegate else { return }
        let connection = connection
        while true {
            switch machine.nextDelivery(hasBody: connection?.incoming.isEmpty == false) {
            case .interim(let head), .head(let head): connection?.parser.deliver(head, to: delegate)
            case .body:
                guard let connection else { return }
                delegate.received(connection.incoming.span)
                connection.incoming.removeAll()
            case .settled: delegate.settled()
            case .room: delegate.wantsBody()
            case .ended(let trailers, let keepsConnection):
                guard let connection else { return }
                end(trailers, of: connection, isKept: keepsConnection, delegate)
            case .failed(let suspectsIdle): fail(suspectsIdle: suspectsIdle)
            case .nothing: return
            }
        }
    }

    private func end(
        _ trailers: Range<Int>, of connection: UpstreamConnection, isKept: Bool,
        _ delegate: any UpstreamStreamDelegate
    ) {
        let client = client
        self.connection = nil
        release()
        if isKept { client?.keep(connection) } else { connection.close() }
        // The parser keeps its state until the next request, which has not begun.
        connection.parser.deliver(end: trailers, to: delegate)
    }

    private func fail(suspectsIdle: Bool) {
        guard let delegate, let failure = machine.failure else { return }
        if suspectsIdle, let origin { client?.closeIdle(to: origin, keptBy: chosenAt) }
        release()
        delegate.failed(failure)
    }

    /// Closes its connection.
    func disconnect() { connection?.close() }

    /// Fails at once, even if something was not delivered.
    func abandon(_ failure: FetchFailure) {
        if case .failed(let suspectsIdle) = machine.abandoned(failure) { fail(suspectsIdle: suspectsIdle) }
    }

    /// Ends without another call to the delegate.
    func cancel() {
        if machine.cancelled(), let origin { client?.closeIdle(to: origin, keptBy: chosenAt) }
        release()
    }

    /// Closes the connection, if it still has one, and releases all references.
    private func release() {
        client?.forget(self)
        client = nil
        connection?.close()
        connection = nil
        handle?.exchange = nil
        handle = nil
        delegate = nil
    }
}

extension ResponseParser {
    /// Delivers a head.
    fileprivate func deliver(_ head: Head, to delegate: any UpstreamStreamDelegate) {
        if head.status < 200 {
            delegate.informational(status: head.status, fields: self[head.fields])
        } else {
            delegate.head(status: head.status, fields: self[head.fields])
        }
    }

    /// Delivers the response's end.
    fileprivate func deliver(end trailers: Range<Int>, to delegate: any UpstreamStreamDelegate) {
        delegate.ended(trailers: self[trailers])
    }
}
