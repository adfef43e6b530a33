/// Why the link to the engine has failed, or a command on it.
package enum LinkFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// No connection could be made, or it has ended; the text is the system's.
    case connection(String)
    /// A connection or a reply took too long.
    case timeout
    /// The engine answered with an error.
    case engine(EngineError)
    /// A reply of a type that its command cannot have.
    case nonsense

    package var description: String {
        switch self {
        case .connection(let text): text
        case .timeout: "it does not answer in time"
        case .engine(let error): error.description
        case .nonsense: "it sent a reply that Larder did not ask for"
        }
    }

    /// Whether the connection must be made anew.
    var endsConnection: Bool {
        switch self {
        case .connection, .timeout, .nonsense, .engine(.moved), .engine(.readOnly), .engine(.loading),
            .engine(.unauthorized), .engine(.clusterDown):
            true
        case .engine(.asked), .engine(.outOfMemory), .engine(.forbidden), .engine(.cannotSave), .engine(.other): false
        }
    }
}

/// Where to connect to.
package enum Destination: Equatable, Sendable {
    /// As configured; Sentinel, if there is one, is asked anew.
    case configured
    /// The node that a MOVED names, `host:port`.
    case node(String)
}

/// A change that is logged.
package enum LinkNotice: Equatable, Sendable, CustomStringConvertible {
    case up
    case lost(LinkFailure)
    case opened(LinkFailure)

    package var description: String {
        switch self {
        case .up: "fleet: the engine is in use"
        case .lost(let failure): "fleet: the engine is not usable: \(failure); continuing without it and retrying"
        case .opened(let failure): "fleet: the engine keeps failing: \(failure); retrying with growing pauses"
        }
    }
}

/// Decides when to connect to the engine, and whether to use it.
///
/// A connection is used only after the engine has accepted a write on it: a full or read-only engine answers reads. Repeated
/// failures of any kind open the breaker; then one connection at a time tries, after growing pauses. The log gets one line
/// for each change between in use, lost and open.
///
/// It is pure. Its owner reports each event and performs the returned actions. An event that cannot happen in a state stops
/// debug builds with its name; release builds ignore it.
package struct LinkStateMachine: Sendable {
    package enum State: Equatable, Sendable {
        /// No connection. Next: `connecting`.
        case idle(until: UInt64)
        /// Both connections are being made. Next: `trying`, `idle`, `open`.
        case connecting(isProbe: Bool, until: UInt64)
        /// Connected, and a write was sent. Next: `up`, `connecting`, `idle`, `open`.
        case trying(isProbe: Bool, until: UInt64)
        /// In use. Next: `connecting`, `idle`, `open`.
        case up
        /// The breaker is open: no connection. Next: `connecting`.
        case open(until: UInt64)
    }

    package enum Action: Equatable, Sendable {
        /// Make both connections.
        case connect(Destination)
        /// Send the write that shows whether the engine is usable.
        case sendProbe
        /// Use the connection.
        case begin
        /// Drop both connections and all that waits for replies.
        case drop
        /// Write this line.
        case log(LinkNotice)
    }

    /// What the log last said.
    private enum Logged { case nothing, up, lost, open }

    package private(set) var state = State.idle(until: 0)
    private let limits: Limits
    private var logged = Logged.nothing
    /// Failures with no accepted write between them.
    private var failures = 0
    private var lastFailure: UInt64 = 0
    /// The pauses since the engine was last in use, and the redirections.
    private var pauses = 0
    private var redirections = 0

    /// This many failures open the breaker.
    package static let failuresToOpen = 5
    /// A failure this long ago no longer counts, in milliseconds.
    package static let failureLife: UInt64 = 30_000
    /// The most MOVED in a row that are followed at once.
    package static let mostRedirections = 3

    package init(limits: Limits) { self.limits = limits }

    // MARK: What its owner asks

    package var isUp: Bool { state == .up }

    /// When to call `timePassed`.
    package var deadline: UInt64? {
        switch state {
        case .idle(let until), .open(let until), .connecting(_, let until), .trying(_, let until): until
        case .up: nil
        }
    }

    private var isProbe: Bool {
        switch state {
        case .connecting(let isProbe, _), .trying(let isProbe, _): isProbe
        case .idle, .up, .open: false
        }
    }

    // MARK: What happens

    /// The deadline has come.
    package mutating func timePassed(_ moment: Moment) -> [Action] {
        guard let deadline, moment.now >= deadline else { return [] }
        switch state {
        case .idle: return connect(.configured, isProbe: false, moment)
        case .open: return connect(.configured, isProbe: true, moment)
        case .connecting, .trying: return failed(.timeout, moment)
        case .up: return []
        }
    }

    private mutating func connect(_ destination: Destination, isProbe: Bool, _ moment: Moment) -> [Action] {
        state = .connecting(isProbe: isProbe, until: moment.now + limits.connectTimeout)
        return [.connect(destination)]
    }

    /// Both connections are made: authenticated and subscribed.
    package mutating func connected(_ moment: Moment) -> [Action] {
        guard case .connecting(let isProbe, _) = state else { return impossible("connected", []) }
        state = .trying(isProbe: isProbe, until: moment.now + limits.fleetTimeout)
        return [.sendProbe]
    }

    /// The engine has accepted a write.
    package mutating func accepted() -> [Action] {
        switch state {
        case .trying:
            state = .up
            defer { logged = .up }
            return [.begin] + (logged == .up ? [] : [.log(.up)])
        case .up:
            failures = 0
            pauses = 0
            redirections = 0
            return []
        case .idle, .connecting, .open: return impossible("accepted", [])
        }
    }

    /// A connection or a command has failed.
    package mutating func failed(_ failure: LinkFailure, _ moment: Moment) -> [Action] {
        let isUsable = isUp && !failure.endsConnection
        switch state {
        case .idle, .open: return impossible("failed", [])
        case .connecting, .trying, .up: break
        }
        let wasProbe = isProbe
        if moment.now > lastFailure + Self.failureLife, !wasProbe { failures = 0 }
        lastFailure = moment.now
        failures += 1
        if wasProbe || failures >= Self.failuresToOpen {
            state = .open(until: pauseEnd(atLeast: 1_000, moment))
            return [.drop] + logOnce(.opened(failure), as: .open)
        }
        if isUsable { return [] }
        if case .engine(.moved(let node)) = failure, redirections < Self.mostRedirections {
            redirections += 1
            return [.drop] + connect(.node(node), isProbe: false, moment)
        }
        state = .idle(until: pauseEnd(atLeast: limits.shortestPause, moment))
        return [.drop] + logOnce(.lost(failure), as: .lost)
    }

    /// Pauses double, and end in their second half, so that a fleet does not connect all at once.
    private mutating func pauseEnd(atLeast shortest: UInt64, _ moment: Moment) -> UInt64 {
        let pause = min(shortest << UInt64(min(pauses, 16)), limits.longestPause)
        pauses += 1
        return moment.now + pause / 2 + UInt64(Double(pause / 2) * min(max(moment.chance, 0), 1))
    }

    private mutating func logOnce(_ notice: LinkNotice, as change: Logged) -> [Action] {
        guard logged != change, !(logged == .open && change == .lost) else { return [] }
        logged = change
        return [.log(notice)]
    }

    private func impossible<Result>(_ event: StaticString, _ result: Result) -> Result {
        assertionFailure("LinkStateMachine: \(event) with \(state)")
        return result
    }
}
