internal import CCurl
import EventLoop

extension UpstreamClient {
    /// Passes a request on, and tells `delegate` of its response bit by bit.
    ///
    /// Nothing is added to the request, redirects are not followed and nothing is asked twice, except what is idempotent and
    /// met a kept connection that had just ended. After `close()` nothing is sent, and `failed` is told at once, within this
    /// call, with `.cancelled`.
    public func stream(_ request: consuming StreamRequest, delegate: any UpstreamStreamDelegate) -> UpstreamStream {
        guard multi != nil else {
            delegate.failed(.cancelled)
            return UpstreamStream()
        }
        // Requests go to one origin as a rule, so the last one is remembered.
        if lastOrigin.url != request.url {
            let origin = FetchURL(request.url)?.origin
            lastOrigin = (request.url, origin, origin.flatMap { PlainProxy(for: $0, setting: settings.proxy) })
        }
        let flaw = lastOrigin.origin == nil ? .other("the URL is none that can be asked for") : request.flaw
        let transfer = StreamTransfer(
            request, to: flaw == nil ? lastOrigin.origin : nil, by: lastOrigin.proxy, client: self, delegate: delegate,
            place: streams.count)
        streams.append(transfer)
        idle?.began()
        if let flaw {
            transfer.fail(flaw)
        } else {
            // Not at once: a small body nearly always comes right behind, and can go out with the head.
            if starting.isEmpty { later?.start(after: 0) }
            starting.append(transfer)
        }
        return transfer.makeHandle()
    }

    /// Begins the streams that were asked for.
    func startStreams() {
        guard let multi, !starting.isEmpty else { return }
        multi.addAtOnce {
            for transfer in starting where !transfer.isOver { transfer.begin() }
            starting.removeAll(keepingCapacity: true)
        }
    }

    // MARK: Connections

    /// A connection that can be used at once, or one that is being made.
    func takeConnection(to origin: Origin, _ multi: CurlMulti) -> UpstreamConnection {
        kept.take(to: origin, now: loop.nowMilliseconds) ?? makeConnection(to: origin, multi)
    }

    /// A connection that is being made.
    func makeConnection(to origin: Origin, _ multi: CurlMulti) -> UpstreamConnection {
        let connection = UpstreamConnection(to: origin, easy: makeEasy(for: multi), client: self)
        multi.add(connection)
        return connection
    }

    /// Keeps a connection for another stream.
    func keep(_ connection: UpstreamConnection) {
        connection.stream = nil
        connection.isUsed = true
        connection.rest()
        kept.add(connection, now: loop.nowMilliseconds)
    }

    /// Something has come on a kept connection: its end as a rule.
    func stirred(_ connection: UpstreamConnection) {
        if connection.isQuiet() { return connection.rest() }
        kept.remove(connection)
        connection.close()
    }

    // MARK: Streams

    /// Gives up the streams on which nothing has moved for as long as `limit`, in milliseconds; see `IdleLimit`.
    func endIdle(_ limit: Int) -> Int? {
        var longest: Int?
        for transfer in streams {
            let rested = transfer.rested
            if rested >= limit {
                transfer.abandon(.timeout(transfer.phase))
            } else {
                longest = max(longest ?? 0, rested)
            }
        }
        return longest
    }

    /// How many streams are under way.
    public var streamsUnderWay: Int { streams.count }

    /// Notes that a stream has something to tell.
    func touch(_ transfer: StreamTransfer) {
        if transfer.isTouched { return }
        transfer.isTouched = true
        touched.append(transfer)
        if let multi, !multi.isActing, !isSettling { later?.start(after: 0) }
    }

    /// Has a stream go on when others have had a turn.
    func touchLater(_ transfer: StreamTransfer) {
        waiting.append(transfer)
        later?.start(after: 0)
    }

    /// Has those go on that have waited.
    func touchWaiting() {
        if waiting.isEmpty { return }
        let some = waiting
        waiting = []
        for transfer in some where !transfer.isOver { touch(transfer) }
    }

    /// Lets one stream go on, at a socket's call.
    func settle(_ transfer: StreamTransfer) {
        if !transfer.isTouched {
            transfer.isTouched = true
            touched.append(transfer)
        }
        settle()
    }

    /// Lets the streams tell what has come.
    func settle() {
        if isSettling { return }
        isSettling = true
        defer { isSettling = false }
        // Those that are told may touch others, and close the client.
        var next = 0
        while next < touched.count {
            let transfer = touched[next]
            next += 1
            transfer.isTouched = false
            if !transfer.isOver { transfer.go() }
        }
        touched.removeAll(keepingCapacity: true)
    }

    /// Takes a stream out of the table. A second time does nothing.
    func forget(_ transfer: StreamTransfer) {
        let place = transfer.place
        guard place < streams.count, streams[place] === transfer else { return }
        let last = streams.removeLast()
        if last !== transfer {
            streams[place] = last
            last.place = place
        }
        if streams.isEmpty { idle?.stop() }
    }
}
