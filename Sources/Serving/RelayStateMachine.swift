/// The state of a request that is passed through, on the client's side and on upstream's. The slower side stops
/// reading from the faster one.
///
/// It is pure: it holds no bytes and no connection. Its owner reports each event and performs the returned action. An
/// event that cannot happen in a state stops debug builds with its name; release builds ignore it.
public struct RelayStateMachine: Sendable {
    /// The state of the request's body.
    public enum RequestSide: Equatable, Sendable {
        /// The client sends, and upstream takes it. Next: `blocked`, `whole`.
        case flowing
        /// Upstream accepts no more for now, so the client is not read. Next: `flowing`, `whole`.
        case blocked
        /// The complete body has been received. Final.
        case whole
    }

    /// The state of the response.
    public enum ResponseSide: Equatable, Sendable {
        /// Its head has not been received. Next: `streaming`, `over`.
        case awaited
        /// The head was sent to the client, and the body follows. Next: `complete`, `over`.
        case streaming(status: Int, Framing)
        /// Upstream has sent all of it, and the client must receive the rest. Next: `over`.
        case complete(status: Int)
        /// Nothing more is sent to the client. Holds the status that was sent, if any. Final.
        case over(status: Int?)
    }

    /// The state of writes to the client.
    public enum ClientSide: Equatable, Sendable {
        /// The client accepts what is written. Next: `blocked`, `gone`.
        case ready
        /// Written bytes wait until the client reads, so upstream is not read. Next: `ready`, `gone`.
        case blocked
        /// The client has disconnected. Final.
        case gone
    }

    /// How the end of the response's body is marked for the client.
    public enum Framing: Equatable, Sendable {
        /// There is no body: HEAD, 204, 304.
        case none
        /// By `Content-Length`, as upstream sent it.
        case length
        case chunked
        /// By the end of the connection, for a client of HTTP/1.0.
        case close
    }

    /// The request's body.
    public private(set) var request: RequestSide
    /// The response.
    public private(set) var response = ResponseSide.awaited
    /// Writes to the client.
    public private(set) var client = ClientSide.ready

    /// Whether this is a HEAD request, whose response has no body.
    public let isHead: Bool

    private let isVersion11: Bool
    /// Whether a response that is no error invalidates stored copies.
    private let invalidates: Bool
    /// Whether the response is held until the stored copies that it invalidates are gone.
    public private(set) var isHeld = false

    /// A relay that has sent nothing yet. `isVersion11`: the client speaks HTTP/1.1, otherwise 1.0. `invalidates`: a
    /// response that is no error invalidates stored copies (RFC 9111 section 4.4).
    public init(isHead: Bool, isVersion11: Bool, hasBody: Bool, invalidates: Bool = false) {
        self.isHead = isHead
        self.isVersion11 = isVersion11
        self.invalidates = invalidates
        request = hasBody ? .flowing : .whole
    }

    // MARK: Queries by the owner

    /// The status that was sent to the client, once one was.
    public var sentStatus: Int? {
        switch response {
        case .awaited: nil
        case .streaming(let status, _), .complete(let status): status
        case .over(let status): status
        }
    }

    // MARK: The request's body

    /// A part of it was passed on. `hasRoom`: upstream accepts more at once.
    public mutating func sentBody(hasRoom: Bool) {
        guard request == .flowing else { return impossible("sentBody", ()) }
        if !hasRoom { request = .blocked }
    }

    /// The request's body is complete; the owner must notify upstream.
    public mutating func endedBody() {
        if request == .whole { return impossible("endedBody", ()) }
        request = .whole
    }

    /// What to do when upstream accepts more.
    public enum RoomAction: Equatable, Sendable {
        case readClient
        case none
    }

    /// Upstream accepts more of the request's body.
    public mutating func upstreamHasRoom() -> RoomAction {
        guard request == .blocked else { return .none }
        request = .flowing
        return .readClient
    }

    /// What to do with a request that stays incomplete.
    public enum BreakAction: Equatable, Sendable {
        /// Answer with an error.
        case answerError
        /// Close the client's connection: it already has a part of the response.
        case closeClient
    }

    /// The rest of the request will not arrive, because of an error by the client.
    public mutating func requestBroke() -> BreakAction {
        guard case .awaited = response else { return .closeClient }
        response = .over(status: nil)
        return .answerError
    }

    // MARK: The response

    /// What to do with an interim response.
    public enum InterimAction: Equatable, Sendable {
        case relay
        case drop
    }

    /// An interim response was received. HTTP/1.0 has none (RFC 9110 section 15.2).
    public mutating func receivedInterim() -> InterimAction {
        guard case .awaited = response else { return impossible("receivedInterim", .drop) }
        return isVersion11 ? .relay : .drop
    }

    /// How to pass a head on.
    public struct HeadAction: Equatable, Sendable {
        /// How the end of the body is marked for the client.
        public let framing: Framing
        /// The client's connection is closed after this response.
        public let closes: Bool
        /// The stored copies are withdrawn; nothing is written to the client until `released`.
        public let invalidates: Bool
    }

    /// The final response's head was received. `hasBody`: a body follows; `hasLength`: `Content-Length` gives its end.
    public mutating func receivedHead(status: Int, hasBody: Bool, hasLength: Bool) -> HeadAction {
        let framing: Framing =
            !hasBody ? .none : hasLength ? .length : isVersion11 ? .chunked : .close
        let action = HeadAction(
            framing: framing, closes: framing == .close || request != .whole,
            invalidates: invalidates && (200..<400).contains(status))
        guard case .awaited = response else { return impossible("receivedHead", action) }
        response = .streaming(status: status, framing)
        isHeld = action.invalidates
        return action
    }

    /// The stored copies are gone: write what was held. Call `finish` after the returned action.
    public mutating func released() -> UpstreamAction {
        guard isHeld else { return impossible("released", .none) }
        isHeld = false
        return isUpstreamActive && client == .ready ? .resume : .none
    }

    /// What to do with bytes of the response's body.
    public enum BodyAction: Equatable, Sendable {
        case write
        case writeChunk
        case drop
    }

    /// Bytes of the response's body were received.
    public func receivedBody() -> BodyAction {
        guard case .streaming(_, let framing) = response else { return impossible("receivedBody", .drop) }
        switch framing {
        case .none: return .drop
        case .length, .close: return .write
        case .chunked: return .writeChunk
        }
    }

    /// How to end a response.
    public struct EndAction: Equatable, Sendable {
        /// Write the last chunk and the trailers.
        public let writesLastChunk: Bool
        /// The client's connection is closed after this response, and the rest of its request is not read.
        public let closes: Bool

        static let closing = EndAction(writesLastChunk: false, closes: true)
    }

    /// The response is complete. Call `finish` after the returned action.
    public mutating func receivedEnd() -> EndAction {
        guard case .streaming(let status, let framing) = response else { return impossible("receivedEnd", .closing) }
        response = .complete(status: status)
        return EndAction(writesLastChunk: framing == .chunked, closes: request != .whole)
    }

    /// Whether the client has received all of a complete response; true once.
    public mutating func finish() -> Bool {
        guard case .complete(let status) = response, client == .ready, !isHeld else { return false }
        response = .over(status: status)
        return true
    }

    /// What to do when upstream fails.
    public enum FailureAction: Equatable, Sendable {
        /// Reset the client's connection: after a clean close, a truncated response would look complete.
        case resetClient
        /// Answer with an error; `closes`: the client's connection is closed after it.
        case answerError(closes: Bool)
        case none
    }

    /// Upstream sends no response, or no more of it.
    public mutating func upstreamFailed() -> FailureAction {
        switch response {
        case .awaited:
            response = .over(status: nil)
            return client == .gone ? .none : .answerError(closes: request != .whole)
        case .streaming(let status, _):
            response = .over(status: status)
            return client == .gone ? .none : .resetClient
        case .complete, .over: return impossible("upstreamFailed", .none)
        }
    }

    // MARK: The client

    /// What the client's side requires of upstream's side.
    public enum UpstreamAction: Equatable, Sendable {
        case none
        /// Read no more of the response for now.
        case pause
        /// Resume reading.
        case resume
        /// Abandon the request.
        case cancel
    }

    /// Written bytes wait until the client reads.
    public mutating func clientBlocked() -> UpstreamAction {
        guard client == .ready else { return .none }
        client = .blocked
        return isUpstreamActive ? .pause : .none
    }

    /// The client has received all that was written. Call `finish` too.
    public mutating func clientDrained() -> UpstreamAction {
        guard client == .blocked else { return .none }
        client = .ready
        return isUpstreamActive && !isHeld ? .resume : .none
    }

    /// The client has disconnected.
    public mutating func clientLeft() -> UpstreamAction {
        if client == .gone { return .none }
        client = .gone
        return isUpstreamActive ? .cancel : .none
    }

    /// What to do when the client sends no more.
    public enum HalfCloseAction: Equatable, Sendable {
        case closeClient
        case none
    }

    /// The client has closed its side of the connection. Larder cannot see whether the client has left, but nearly
    /// always it has, and a model that keeps generating for an absent client costs its caller money. A response that
    /// has ended upstream costs nothing more, so the client may receive the rest.
    public func clientEndedInput() -> HalfCloseAction {
        switch response {
        case .awaited, .streaming: .closeClient
        case .complete, .over: .none
        }
    }

    /// Whether the client still gets something of a response that has begun.
    public var isWritable: Bool {
        switch response {
        case .streaming, .complete: client != .gone
        case .awaited, .over: false
        }
    }

    private var isUpstreamActive: Bool {
        switch response {
        case .awaited, .streaming: true
        case .complete, .over: false
        }
    }

    private func impossible<Action>(_ event: StaticString, _ action: Action) -> Action {
        assertionFailure("RelayStateMachine: \(event) with \(request), \(response), \(client)")
        return action
    }
}
