extension ConnectionStateMachine {
    /// What the connection does between two events.
    public enum State: Equatable, Sendable {
        /// No byte of the next request has arrived. Next: `reading`, `answering`, `parked`, `ending`.
        case idle
        /// A part of a head has arrived. Next: `answering`, `parked`, `ending`.
        case reading
        /// A request has a head, or never will, and its answer is found and written. Never the state between two calls
        /// from the loop. Next: `idle`, `waiting`, `gathering`, `passing`, `flushing`, `ending`.
        case answering
        /// A request has arrived, and waits until its connection has one of the places of `server.max_connections`. Its
        /// bytes were not used yet. Next: `idle`, `answering`, `ending`.
        case parked
        /// It waits for fetches. Next: `answering`, `ending`.
        case waiting
        /// It waits for the reports of all loops. Next: `answering`, `ending`.
        case gathering
        /// A request is passed through, and its body is this far. Next: `idle`; `answering`, with an error of Larder's
        /// own; `ending`.
        case passing(RelayStateMachine.RequestSide)
        /// The rest of an answer waits until the client reads. Next: `idle`, `ending`.
        case flushing
        /// Nothing more is read or answered. Final.
        case ending
    }

    /// Whether the client's bytes are read.
    public enum Input: Equatable, Sendable {
        /// They are read as they arrive. Next: `stopped`, `ended`.
        case flowing
        /// They stay in the kernel, which slows the client down. Next: `flowing`.
        case stopped
        /// The client sends no more. Final.
        case ended
    }

    /// How long a client may take, in milliseconds.
    public struct TimeLimits: Equatable, Sendable {
        /// For a head, from its first byte; and for the first byte of a connection.
        public let header: UInt64
        /// How long a request waits for a place.
        public let place: UInt64
        /// Between two parts of a body, and between two signs that it reads its answer.
        public let body: UInt64
        /// From an answer to the first byte of the next request.
        public let idle: UInt64

        /// The limits of the settings, and how long a request waits for a place.
        @inline(__always)
        public init(header: UInt64, body: UInt64, idle: UInt64, place: UInt64 = ConnectionPlaces.patience) {
            self.header = header
            self.place = place
            self.body = body
            self.idle = idle
        }
    }

    /// When the connection's time is up, in milliseconds of the monotonic clock, and for what.
    public enum Deadline: Equatable, Sendable {
        /// For the rest of a head, or for the first byte of a connection.
        case header(UInt64)
        /// For more of a body, or until the client reads more of its answer.
        case body(UInt64)
        /// For the next request.
        case idle(UInt64)
        /// For a place.
        case place(UInt64)
        /// The connection does not wait for the client; what it waits for has its own time limit.
        case none

        /// Whether the time is up.
        public func hasPassed(at now: UInt64) -> Bool {
            switch self {
            case .header(let end), .body(let end), .idle(let end), .place(let end): end <= now
            case .none: false
            }
        }
    }
}

// MARK: Actions

extension ConnectionStateMachine {
    /// How to go on after an answer.
    public enum NextAction: Equatable, Sendable {
        /// Read the next request.
        case readNext
        /// End the stream in an orderly way.
        case end
    }

    /// What to do when the client has taken all that waited for it.
    public enum DrainAction: Equatable, Sendable {
        /// The answer is sent: report `answered`, then process what was sent ahead.
        case finish
        /// Notify the relay.
        case relay
        case none
    }

    /// What to do with the client's bytes.
    public enum InputAction: Equatable, Sendable {
        case none
        /// Read no more for now.
        case stop
        /// Read again.
        case resume
        /// End the stream in an orderly way: the client has sent all its requests, and all are answered.
        case end
    }

    /// What to do when the client sends no more.
    public enum EndAction: Equatable, Sendable {
        /// Nothing now. A request that waits is answered.
        case none
        /// End the stream in an orderly way.
        case end
        /// Ask the relay whether to go on.
        case askRelay
    }

    /// What to do when the client's time is up.
    public enum ExpiryAction: Equatable, Sendable {
        case none
        /// Answer with 408: a part of a head has arrived (RFC 9110 section 15.5.9).
        case answerTimeout
        /// Answer with 503: no place became free.
        case refusePlace
        /// End the relay: the rest of the body did not arrive.
        case breakRelay
        /// Close at once, without a message. `closed` follows.
        case close
    }

    /// What to do once the connection is gone.
    public enum ClosedAction: Equatable, Sendable {
        case none
        /// Record a request that will not be answered.
        case recordAborted
        /// Record it, and cancel it at upstream.
        case cancelRelay
    }
}
