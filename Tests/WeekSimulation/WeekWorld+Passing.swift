import HTTPClient
import HTTPParsing
import Persistence
import Serving
import TestSupport

/// What `PassThrough` and `Exchange` do. Bytes are numbers here.
extension WeekWorld {
    /// What happens to a request that is passed through.
    enum PassEvent {
        case connected
        case piece(SimulatedPassing.Piece, connection: Int)
        case released
        case go
        case idle
    }

    /// `upstream.idle_timeout`
    private static let idleTimeout: UInt64 = 600_000

    func pass(_ pass: Week.Pass, _ client: SimulatedClient) {
        client.machine.receivedHead(keepsAlive: pass.body.isEmpty && !pass.closes)
        let passing = SimulatedPassing(pass, client: client, at: now)
        client.passing = passing
        client.machine.beganPassing(
            keepsAlive: !pass.closes, hasBody: !pass.body.isEmpty, at: now, SimulatedClient.limits)
        passing.exchange.began()
        counts.passed += 1
        queue.add(.pass(passing, .connected), at: now + (pass.isReused ? 0 : upstreamRandom.within(1...60)))
        queue.add(.pass(passing, .idle), at: now + Self.idleTimeout)
    }

    func happen(_ event: PassEvent, _ passing: SimulatedPassing) {
        // What is on its way when an exchange ends has no effect.
        if passing.exchange.isOver, case .released = event {} else if passing.exchange.isOver { return }
        switch event {
        case .connected: connected(passing)
        case .piece(let piece, let connection):
            guard connection == passing.connections else { return }
            passing.socket.append(piece)
            passing.exchange.becameReadable()
            go(passing)
        case .released: release(passing)
        case .go: go(passing)
        case .idle:
            if now >= passing.lastMoved + Self.idleTimeout {
                if case .failed = passing.exchange.abandoned(.timeout(.body)) { upstreamFailed(passing) }
            } else {
                queue.add(.pass(passing, .idle), at: passing.lastMoved + Self.idleTimeout)
            }
        }
    }

    // MARK: The exchange

    private func connected(_ passing: SimulatedPassing) {
        let pass = passing.pass
        passing.connections += 1
        passing.isConnected = true
        passing.socket = []
        let isFirst = passing.connections == 1
        if isFirst, pass.end == .refused {
            passing.exchange.failed(.unreachable("refused"))
            return go(passing)
        }
        passing.exchange.connected(isUsed: pass.isReused && isFirst)
        passing.lastMoved = now
        flush(passing)
        // What upstream sends, and when.
        var at = now + pass.delay
        func send(_ piece: SimulatedPassing.Piece) {
            queue.add(.pass(passing, .piece(piece, connection: passing.connections)), at: at)
        }
        if isFirst, pass.isReused, pass.isDead { return send(.closed) }
        if pass.end == .silent { return }
        if pass.hasInterim { send(.interim) }
        send(.head)
        for (index, part) in pass.parts.enumerated() {
            at += pass.delay / 4
            if index == pass.parts.count / 2, pass.end == .cut || pass.end == .reset {
                return send(pass.end == .reset || pass.framing == .close ? .reset : .closed)
            }
            send(.body(part))
        }
        if pass.end == .stuck { return }
        send(pass.framing == .close ? .closed : .end)
    }

    private func flush(_ passing: SimulatedPassing) {
        guard passing.isConnected else { return }
        if passing.waiting > 0 {
            passing.hasSentBody = true
            passing.lastMoved = now
        }
        passing.waiting = 0
        switch passing.exchange.requestAdvanced(waiting: 0, isSent: passing.hasWholeBody) {
        case .none: break
        case .deliver: queue.add(.pass(passing, .go), at: now)
        }
    }

    private func perform(_ action: ExchangeStateMachine.EndAction, _ passing: SimulatedPassing) {
        switch action {
        case .none: break
        case .dropRequest: passing.waiting = 0
        case .sendAgain:
            passing.isConnected = false
            queue.add(.pass(passing, .connected), at: now + 20)
        }
    }

    private func go(_ passing: SimulatedPassing) {
        deliver(passing)
        while passing.exchange.wantsRead {
            read(passing)
            deliver(passing)
        }
    }

    private func read(_ passing: SimulatedPassing) {
        guard !passing.socket.isEmpty else {
            return perform(passing.exchange.receivedNothing(isRepeatable: passing.isRepeatable), passing)
        }
        let piece = passing.socket.removeFirst()
        switch piece {
        case .closed:
            if passing.pass.framing == .close, passing.exchange.hasHead { passing.isWhole = true }
            return perform(passing.exchange.connectionEnded(nil, isRepeatable: passing.isRepeatable), passing)
        case .reset:
            return perform(
                passing.exchange.connectionEnded(.cut("reset"), isRepeatable: passing.isRepeatable), passing)
        case .interim, .head, .body, .end: break
        }
        switch passing.exchange.received(more: !passing.socket.isEmpty) {
        case .ignore: return
        case .dropRequest:
            passing.waiting = 0
            return
        case .parse: break
        }
        switch piece {
        case .interim: _ = passing.exchange.receivedInterim(ExchangeStateMachine.Head(status: 103, fields: 0..<0))
        case .head:
            let head = ExchangeStateMachine.Head(status: passing.pass.status, fields: 0..<0)
            perform(passing.exchange.receivedHead(head, endsWithConnection: passing.pass.framing == .close), passing)
        case .body(let count):
            passing.incoming += count
            passing.sent += count
        case .end:
            passing.isWhole = true
            passing.exchange.receivedEnd(trailers: 0..<0, isReusable: true)
        case .closed, .reset: break
        }
        if passing.exchange.hasHead { passing.lastMoved = now }
    }

    private func deliver(_ passing: SimulatedPassing) {
        while true {
            switch passing.exchange.nextDelivery(hasBody: passing.incoming > 0) {
            case .interim: _ = passing.relay.receivedInterim()
            case .head(let head): received(head.status, passing)
            case .body:
                let count = passing.incoming
                passing.incoming = 0
                received(count, of: passing)
            case .settled: break
            case .room:
                switch passing.relay.upstreamHasRoom() {
                case .readClient: passMore(passing.client)
                case .none: break
                }
            case .ended: upstreamEnded(passing)
            case .failed: upstreamFailed(passing)
            case .nothing: return
            }
        }
    }

    // MARK: The request's body

    func passBody(_ count: Int, isEnd: Bool, _ client: SimulatedClient, _ passing: SimulatedPassing) {
        client.machine.receivedBody(at: now, SimulatedClient.limits)
        var hasRoom = true
        if !passing.exchange.isOver, passing.exchange.takesBody {
            passing.waiting += count
            flush(passing)
            hasRoom = passing.exchange.requestGrew(waiting: passing.waiting)
        }
        passing.relay.sentBody(hasRoom: hasRoom)
        perform(client.machine.passedBody(hasRoom: hasRoom, isEnd: isEnd), client)
        guard isEnd else { return }
        passing.relay.endedBody()
        passing.hasWholeBody = true
        if !passing.exchange.isOver, passing.exchange.takesBody { flush(passing) }
    }

    private func passMore(_ client: SimulatedClient) {
        if client.machine.gotRoom(at: now, SimulatedClient.limits) { goOn(client) }
    }

    // MARK: The response

    private func received(_ status: Int, _ passing: SimulatedPassing) {
        let action = passing.relay.receivedHead(
            status: status, hasBody: true, hasLength: passing.pass.framing == .length)
        if action.closes { passing.client.machine.closeAfterAnswer() }
        passing.framing = action.framing
        if action.invalidates {
            takeOut(.purge(.path("/providers")))
            queue.add(.pass(passing, .released), at: now + random.within(0...200))
            if passing.relay.isHeld { passing.exchange.paused() }
        } else {
            wrote(200, passing)
        }
    }

    private func release(_ passing: SimulatedPassing) {
        perform(passing.relay.released(), passing)
        guard passing.relay.isWritable else { return }
        wrote(200 + passing.got, passing)
        if passing.relay.finish() { passed(passing) }
    }

    private func received(_ count: Int, of passing: SimulatedPassing) {
        switch passing.relay.receivedBody() {
        case .drop: return
        case .write, .writeChunk:
            passing.got += count
            if !passing.relay.isHeld { wrote(count, passing) }
        }
    }

    /// The client's socket takes what was written, unless the client does not read.
    private func wrote(_ count: Int, _ passing: SimulatedPassing) {
        let client = passing.client
        guard client.isOpen, now < client.readsFrom, client.passing === passing else { return }
        client.queued += count
        client.machine.relayBlocked(queued: client.queued, at: now, SimulatedClient.limits)
        perform(passing.relay.clientBlocked(), passing)
    }

    private func upstreamEnded(_ passing: SimulatedPassing) {
        let action = passing.relay.receivedEnd()
        if action.writesLastChunk {
            passing.hasLastChunk = true
            if !passing.relay.isHeld { wrote(5, passing) }
        }
        if action.closes { passing.client.machine.closeAfterAnswer() }
        if passing.relay.finish() { passed(passing) }
    }

    private func upstreamFailed(_ passing: SimulatedPassing) {
        let client = passing.client
        switch passing.relay.upstreamFailed() {
        case .resetClient:
            if rules.resetsReachClients {
                reset(client, passing)
            } else {
                passing.hasLastChunk = true
                checkPassed(passing, endsCleanly: true)
                reset(client, passing)
            }
        case .answerError(let closes):
            if closes { client.machine.closeAfterAnswer() }
            guard client.machine.resumed() else { return }
            client.passing = nil
            answerPass(client)
            goOn(client)
        case .none: break
        }
    }

    /// The whole response was sent.
    private func passed(_ passing: SimulatedPassing) {
        let client = passing.client
        guard client.passing === passing else { return }
        client.passing = nil
        checkPassed(passing, endsCleanly: true)
        if !client.waits.isEmpty { client.takeWait(at: awake) }
        if passing.framing == .close || passing.relay.request != .whole || client.machine.closes {
            client.expectsClose = true
        }
        answered(client)
        goOn(client)
    }

    private func checkPassed(_ passing: SimulatedPassing, endsCleanly: Bool) {
        let isTrue = passing.isWhole && passing.got == passing.length
        if passing.looksWhole(endsCleanly: endsCleanly) != isTrue {
            ledger.violated(
                2, now,
                "a passed-through body of \(passing.got) of \(passing.length) bytes \(isTrue ? "looks cut" : "looks whole")"
            )
        }
        counts.answers += 1
    }

    // MARK: The client

    private func perform(_ action: RelayStateMachine.UpstreamAction, _ passing: SimulatedPassing) {
        switch action {
        case .none: break
        case .pause: passing.exchange.paused()
        case .resume: if passing.exchange.resumed() { queue.add(.pass(passing, .go), at: now) }
        case .cancel: _ = passing.exchange.cancelled()
        }
    }

    func drained(_ passing: SimulatedPassing) {
        perform(passing.relay.clientDrained(), passing)
        if passing.relay.finish() { passed(passing) }
    }

    func cancel(_ passing: SimulatedPassing) { perform(passing.relay.clientLeft(), passing) }

    /// The rest of the request's body did not arrive.
    func breakOff(_ passing: SimulatedPassing, _ client: SimulatedClient) {
        cancel(passing)
        client.expectsClose = true
        switch passing.relay.requestBroke() {
        case .closeClient:
            client.waits = []
            close(client)
        case .answerError:
            guard client.machine.resumed() else { return }
            client.passing = nil
            client.machine.closeAfterAnswer()
            answerPass(client)
        }
    }

    /// The client gets an error of Larder's own.
    private func answerPass(_ client: SimulatedClient) {
        if client.waits.isEmpty { return ledger.violated(3, now, "client \(client.slot) gets a second answer") }
        client.takeWait(at: awake)
        counts.errors += 1
        if client.machine.closes { client.expectsClose = true }
        sent(client, bytes: 100)
    }

    /// A reset is the answer: the client knows that its response is cut.
    private func reset(_ client: SimulatedClient, _ passing: SimulatedPassing) {
        client.waits = []
        close(client)
    }
}
