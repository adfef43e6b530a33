import HTTPParsing

/// Decides what one exchange with upstream does next. The request is sent as its parts arrive, perhaps on a kept
/// connection, and the response is delivered as it arrives.
///
/// It is pure: it holds no bytes, no connection and no time. Its owner reports each event and does what the returned action
/// says. An event that cannot happen in a state stops debug builds with its name; release builds ignore it.
package struct ExchangeStateMachine {
    package private(set) var link = Link.none
    package private(set) var request = RequestSide.sending
    package private(set) var response = ResponseSide.silent
    package private(set) var reading = ReadSide.waiting

    /// Why the exchange has failed, or what is wrong with a faulty link. It is separate from the states so that these
    /// are plain bits: each exchange checks them some fifty times.
    package private(set) var failure: FetchFailure?

    /// Whether the peer may have reset the connection and only a failed send was told. Reading then finds what looks like a
    /// clean end.
    private var wasReset = false

    /// Heads that have arrived and are not delivered yet.
    private var interim: [Head] = []
    private var final: Head?

    /// Whether `settled` was delivered since the last part of the body.
    private var hasSettled = false

    /// The most interim responses that one request may get: more than any honest server sends.
    static let mostInterim = 100

    /// If this many bytes of a request or more are waiting, the sender must stop.
    package static let enough = 64 << 10

    package init() {}

    // MARK: What its owner asks

    package var isOver: Bool { if case .over = response { true } else { false } }
    package var isPaused: Bool { reading == .paused }

    /// Whether the final response's head has come.
    package var hasHead: Bool {
        switch response {
        case .body, .whole: true
        case .silent, .head, .failed, .over: false
        }
    }

    /// Whether upstream accepts more of the request.
    package var takesBody: Bool { if case .dropped = request { false } else { !isOver } }

    /// Whether to read now.
    package var wantsRead: Bool {
        guard reading == .ready, !isOver else { return false }
        switch link {
        case .open, .faulty: return true
        case .none, .opening, .lost: return false
        }
    }

    /// Whether there is nothing left to wait for.
    private var isFinished: Bool {
        switch response {
        case .failed: true
        case .whole: isRequestFinished
        case .silent, .head, .body, .over: false
        }
    }

    private var isRequestFinished: Bool {
        switch request {
        case .sent, .dropped, .relieved(isSent: true): true
        case .sending, .full, .relieved(isSent: false): false
        }
    }

    private var isUsed: Bool {
        switch link {
        case .open(let isUsed), .faulty(let isUsed), .lost(let isUsed): isUsed
        case .none, .opening: false
        }
    }

    // MARK: The connection

    /// The exchange begins: the owner looks for a connection.
    package mutating func began() {
        guard case .none = link else { return impossible("began", ()) }
        link = .opening
    }

    /// There is a connection, and bytes can be sent on it.
    package mutating func connected(isUsed: Bool) {
        guard case .opening = link else { return impossible("connected", ()) }
        link = .open(isUsed: isUsed)
        if reading == .ready { reading = .waiting }
    }

    /// The exchange cannot go on. The end is delivered like any other.
    package mutating func failed(_ failure: FetchFailure) {
        switch response {
        case .failed, .over: return
        case .silent, .head, .body, .whole:
            self.failure = failure
            response = .failed(suspectsIdle: isUsed && failure.isOfConnection)
        }
    }

    /// The socket has something to read.
    package mutating func becameReadable() {
        if reading == .waiting { reading = .ready }
    }

    /// The socket reports an error.
    package mutating func socketFailed() {
        if case .open(let isUsed) = link {
            link = .faulty(isUsed: isUsed)
            failure = failure ?? .cut("the connection was reset")
        }
        becameReadable()
    }

    /// Sending bytes failed. `hasBegun`: part of the request was sent before, or may have been. `isReset`: the peer may
    /// have reset the connection, so an end that follows does not prove that the response is whole.
    package mutating func sendingFailed(
        _ failure: FetchFailure, hasBegun: Bool, isReset: Bool
    ) -> SendFailureAction {
        if isUsed, !hasBegun, response == .silent {
            restart()
            return .sendAgain
        }
        link = .faulty(isUsed: isUsed)
        wasReset = wasReset || isReset
        if case .failed = response {} else { self.failure = failure }
        _ = dropRequest()
        becameReadable()
        return .dropRequest
    }

    /// The exchange starts again on a new connection, which the owner makes.
    private mutating func restart() {
        link = .opening
        response = .silent
        failure = nil
        wasReset = false
        if reading == .ready { reading = .waiting }
        switch request {
        case .sent, .dropped: request = .sending
        case .sending, .full, .relieved: break
        }
    }

    /// The connection has ended, by a failure or cleanly. `isRepeatable`: the request may be sent a second time.
    package mutating func connectionEnded(_ failure: FetchFailure?, isRepeatable: Bool) -> EndAction {
        if reading == .ready { reading = .waiting }
        let wasUsed = isUsed
        link = .lost(isUsed: wasUsed)
        switch response {
        case .whole(let trailers, _):
            // The response is complete, and there is no peer left to send the rest of the request to.
            response = .whole(trailers: trailers, isReusable: false)
            return dropRequest()
        case .body(endsWithConnection: true) where failure == nil && !wasReset:
            response = .whole(trailers: 0..<0, isReusable: false)
            return dropRequest()
        case .silent where wasUsed && isRepeatable:
            restart()
            return .sendAgain
        case .silent where wasUsed:
            failed(.cut("a reused connection ended without an answer, and this request is not safe to repeat"))
        case .silent: failed(failure ?? .cut("the connection ended without an answer"))
        case .head: failed(failure ?? .cut("the connection ended within the head"))
        case .body: failed(failure ?? .cut("the connection ended within the body"))
        case .failed, .over: return impossible("connectionEnded", .none)
        }
        return .none
    }

    /// Nobody acknowledges what was sent, so the connection leads nowhere.
    package mutating func unacknowledged(isRepeatable: Bool) -> EndAction {
        switch (link, response) {
        case (.none, _), (.opening, _), (.lost, _), (_, .failed), (_, .over): .none
        case (.open, _), (.faulty, _):
            connectionEnded(.cut("what was sent was not acknowledged"), isRepeatable: isRepeatable)
        }
    }

    // MARK: The request

    /// Some of the request was sent, and this many bytes still wait. `isSent`: all of the request was sent.
    package mutating func requestAdvanced(waiting: Int, isSent: Bool) -> ProgressAction {
        switch request {
        case .sending where isSent: request = .sent
        case .full where waiting <= Self.enough / 2:
            request = .relieved(isSent: isSent)
            return .deliver
        case .relieved where isSent: request = .relieved(isSent: true)
        case .sending, .full, .relieved, .sent, .dropped: break
        }
        if case .whole = response, isRequestFinished { return .deliver }
        return .none
    }

    /// More of the request was accepted, and this many bytes of it wait. False asks the sender to stop until
    /// `Delivery.room`.
    package mutating func requestGrew(waiting: Int) -> Bool {
        switch request {
        case .sending, .relieved:
            if waiting >= Self.enough { request = .full }
        case .full, .sent, .dropped: break
        }
        return request != .full
    }

    /// Upstream wants no more of the request.
    private mutating func dropRequest() -> EndAction {
        switch request {
        case .sent, .relieved(isSent: true), .dropped: return .none
        case .sending: request = .dropped(reportsRoom: false)
        case .full, .relieved(isSent: false): request = .dropped(reportsRoom: true)
        }
        return .dropRequest
    }

    // MARK: The response

    /// Bytes have arrived. `more`: there may be more at once.
    package mutating func received(more: Bool) -> ReceivedAction {
        if reading != .paused { reading = more ? .ready : .waiting }
        switch response {
        case .silent:
            response = .head(interim: 0)
            return .parse
        case .head, .body: return .parse
        // Bytes after the response were not asked for.
        case .whole: return connectionEnded(nil, isRepeatable: false) == .dropRequest ? .dropRequest : .ignore
        case .failed, .over: return impossible("received", .ignore)
        }
    }

    /// The socket has nothing to read for now.
    package mutating func receivedNothing(isRepeatable: Bool) -> EndAction {
        if reading == .ready { reading = .waiting }
        // After a failed send, OpenSSL may report forever that there is nothing to read, without checking.
        if case .faulty = link { return connectionEnded(failure, isRepeatable: isRepeatable) }
        return .none
    }

    /// An interim response has come.
    package mutating func receivedInterim(_ head: Head) -> ParseAction {
        guard case .head(let count) = response else { return impossible("receivedInterim", .stop) }
        if head.status == 101 {
            failed(.malformed("it switches to a protocol that was not requested"))
            return .stop
        }
        if count == Self.mostInterim {
            failed(.malformed("it has more than \(Self.mostInterim) interim responses"))
            return .stop
        }
        response = .head(interim: count + 1)
        interim.append(head)
        return .goOn
    }

    /// The final response's head has come.
    package mutating func receivedHead(_ head: Head, endsWithConnection: Bool) -> EndAction {
        guard case .head = response else { return impossible("receivedHead", .none) }
        response = .body(endsWithConnection: endsWithConnection)
        final = head
        // The rest of the request would not change a rejection (RFC 9112 section 9.5).
        return head.status >= 300 ? dropRequest() : .none
    }

    /// The response is complete. `isReusable`: its connection may carry another request, and nothing arrived after it.
    package mutating func receivedEnd(trailers: Range<Int>, isReusable: Bool) {
        guard case .body = response else { return impossible("receivedEnd", ()) }
        response = .whole(trailers: trailers, isReusable: isReusable)
    }

    // MARK: The receiver

    /// The receiver wants no more of the response for now.
    package mutating func paused() { reading = .paused }

    /// The receiver wants more of the response again. True: deliver soon.
    package mutating func resumed() -> Bool {
        guard reading == .paused else { return false }
        reading = .ready
        return true
    }

    /// What to deliver next, until it is `nothing`. `hasBody`: bytes of the body have arrived that are not delivered
    /// yet.
    package mutating func nextDelivery(hasBody: Bool) -> Delivery {
        if isOver { return .nothing }
        if !interim.isEmpty { return .interim(interim.removeFirst()) }
        if let head = final {
            final = nil
            return .head(head)
        }
        if hasBody, !isPaused {
            hasSettled = false
            return .body
        }
        if !hasSettled {
            hasSettled = true
            if isPaused || !isFinished { return .settled }
        }
        switch request {
        case .relieved(let isSent):
            request = isSent ? .sent : .sending
            return .room
        case .dropped(reportsRoom: true):
            request = .dropped(reportsRoom: false)
            return .room
        case .sending, .full, .sent, .dropped: break
        }
        hasSettled = false
        return isPaused ? .nothing : end()
    }

    /// The end, if it has come.
    private mutating func end() -> Delivery {
        guard isFinished else { return .nothing }
        defer { response = .over }
        switch response {
        case .failed(let suspectsIdle): return .failed(suspectsIdle: suspectsIdle)
        case .whole(let trailers, let isReusable):
            var isWanted = true
            if case .dropped = request { isWanted = false }
            var isOpen = false
            if case .open = link { isOpen = true }
            return .ended(trailers: trailers, keepsConnection: isReusable && isWanted && isOpen)
        case .silent, .head, .body, .over: return .nothing
        }
    }

    /// Fails at once, even if something was not delivered. The returned delivery is the last one.
    package mutating func abandoned(_ failure: FetchFailure) -> Delivery {
        if isOver { return .nothing }
        failed(failure)
        return end()
    }

    /// The response is no longer wanted. True: upstream sent nothing on a kept connection, and other idle ones may be
    /// dead too.
    package mutating func cancelled() -> Bool {
        defer { response = .over }
        return isUsed && response == .silent
    }

    private func impossible<Action>(_ event: StaticString, _ action: Action) -> Action {
        assertionFailure("ExchangeStateMachine: \(event) with \(link), \(request), \(response), \(reading)")
        return action
    }
}

extension FetchFailure {
    /// Whether it means that the connection does not work, rather than describes what upstream answered.
    fileprivate var isOfConnection: Bool {
        switch self {
        case .cut, .timeout: true
        case .unreachable, .nameNotResolved, .tls, .tooLarge, .noRoom, .malformed, .tooManyRedirects,
            .redirectElsewhere, .cancelled, .other:
            false
        }
    }
}
