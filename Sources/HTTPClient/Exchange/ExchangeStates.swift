package import HTTPParsing

extension ExchangeStateMachine {
    package typealias Head = ResponseParser.Head

    /// The connection that the request uses.
    package enum Link: Equatable {
        /// There is none yet. Next: `opening`.
        case none
        /// One is taken from the idle pool, or made. Next: `open`. The exchange ends here if it cannot be made.
        case opening
        /// Bytes can be sent and received. `isUsed`: it has carried an exchange before. Next: `faulty`, `lost`, `opening`.
        case open(isUsed: Bool)
        /// Sending failed, or the socket reports an error. Upstream may have sent the reason before, so reading
        /// continues until there is no more. Next: `lost`, `opening`.
        case faulty(isUsed: Bool)
        /// It is no longer usable. Final.
        case lost(isUsed: Bool)
    }

    /// The progress of the request.
    package enum RequestSide: Equatable {
        /// It is sent as its parts arrive, and there is room for more. Next: `full`, `sent`, `dropped`.
        case sending
        /// So many bytes wait that its sender was asked to stop. Next: `relieved`, `dropped`.
        case full
        /// There is room again; the next delivery notifies the sender. Next: `sending` or `sent` after that; `full`,
        /// `dropped`.
        case relieved(isSent: Bool)
        /// All of it was sent. Next: `dropped`; `sending`, if it is sent again.
        case sent
        /// Upstream accepts no more of it: the rest is ignored. `reportsRoom`: a sender that was asked to stop is
        /// notified that it may continue, so that it does not wait forever. Next: `sending`, if it is sent again.
        case dropped(reportsRoom: Bool)
    }

    /// The progress of the response.
    package enum ResponseSide: Equatable {
        /// Nothing has arrived. Next: `head`, `failed`, `over`.
        case silent
        /// Bytes have arrived, and this many interim responses, but not the final head. Next: `body`, `failed`, `over`.
        case head(interim: Int)
        /// The final head has arrived. `endsWithConnection`: only the connection's end marks the end of the body. Next:
        /// `whole`, `failed`, `over`.
        case body(endsWithConnection: Bool)
        /// All of it has arrived; its trailers. The end is delivered once the request is finished too. Next: `over`,
        /// `failed`.
        case whole(trailers: Range<Int>, isReusable: Bool)
        /// There is no response, or no more of it; `failure` says why. Next: `over`.
        case failed(suspectsIdle: Bool)
        /// The end was delivered, or the response is no longer wanted. Final.
        case over
    }

    /// Whether there is something to read.
    package enum ReadSide: Equatable {
        /// The socket has nothing. Next: `ready`, `paused`.
        case waiting
        /// There may be more to read. Next: `waiting`, `paused`.
        case ready
        /// Nothing is to be read for now. Next: `ready`.
        case paused
    }
}

// MARK: Actions

extension ExchangeStateMachine {
    /// What to do if sending bytes failed.
    package enum SendFailureAction: Equatable {
        /// Send the request from its beginning on a new connection.
        case sendAgain
        /// Drop the bytes that wait, and deliver.
        case dropRequest
    }

    /// What to do if the connection has ended, or upstream wants no more of the request.
    package enum EndAction: Equatable {
        case none
        /// Drop the bytes that wait to be sent.
        case dropRequest
        /// Send the request from its beginning on a new connection.
        case sendAgain
    }

    /// What to do after some of the request was sent.
    package enum ProgressAction: Equatable {
        case none
        /// Deliver: there is something to report.
        case deliver
    }

    /// What to do with bytes that arrived.
    package enum ReceivedAction: Equatable {
        /// Parse the bytes, and report each event.
        case parse
        /// Ignore the bytes.
        case ignore
        /// Ignore the bytes, and drop the bytes that wait to be sent.
        case dropRequest
    }

    /// Whether to continue parsing.
    package enum ParseAction: Equatable {
        case goOn
        case stop
    }

    /// What to deliver next.
    package enum Delivery: Equatable {
        case interim(Head)
        case head(Head)
        /// The bytes of the body that have arrived.
        case body
        /// Everything that has arrived was delivered, and the end does not follow at once.
        case settled
        /// There is room for more of the request.
        case room
        /// The whole response was delivered. The last delivery.
        case ended(trailers: Range<Int>, keepsConnection: Bool)
        /// The last delivery; `failure` says why. `suspectsIdle`: the cause that broke a kept connection may affect
        /// other idle ones.
        case failed(suspectsIdle: Bool)
        case nothing
    }
}
