internal import CCurl
import EventLoop

extension UpstreamClient {
    /// Passes a request on, and tells `delegate` of its response bit by bit.
    ///
    /// Nothing is added to the request, redirects are not followed and nothing is asked twice, except what is idempotent and
    /// met a kept connection that had just ended. After `close()` nothing is sent, and `failed` is told at once, within this
    /// call, with `.cancelled`.
    public func stream(_ request: consuming StreamRequest, delegate: any UpstreamStreamDelegate) -> UpstreamStream {
        guard let multi else {
            delegate.failed(.cancelled)
            return UpstreamStream()
        }
        // Requests go to one origin as a rule, so the last one is remembered.
        if lastOrigin?.url != request.url { lastOrigin = ParsedOrigin(request.url) }
        let flaw = lastOrigin == nil ? .other("the URL is none that can be asked for") : request.flaw
        let transfer = StreamTransfer(
            request, to: flaw == nil ? lastOrigin : nil, easy: takeEasy(multi), client: self, delegate: delegate,
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
            for transfer in starting where !transfer.isOver {
                transfer.begin()
                multi.add(transfer)
            }
            starting.removeAll(keepingCapacity: true)
        }
    }

    /// An easy handle that has asked the last origin before, or a new one: curl keeps of another origin what it has read.
    private func takeEasy(_ multi: CurlMulti) -> EasyHandle {
        if let easy = spare.popLast(), easy.origin === lastOrigin { return easy }
        return makeEasy(for: multi)
    }

    /// Keeps an easy handle for another stream.
    func keep(_ easy: EasyHandle) {
        if multi != nil, spare.count < UpstreamClient.mostSpare { spare.append(easy) }
    }

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

    /// Lets the streams tell what has come. What a socket brought may have been the end of one that lingers.
    func settle(afterSocket: Bool) {
        if isSettling { return }
        isSettling = true
        defer { isSettling = false }
        if afterSocket, !lingering.isEmpty {
            let waiting = lingering
            lingering = []
            for transfer in waiting where transfer.isLingering { touch(transfer) }
        }
        // Those that are told may touch others, and close the client.
        var next = 0
        while next < touched.count {
            let transfer = touched[next]
            next += 1
            transfer.isTouched = false
            if !transfer.isOver { transfer.settle() }
        }
        touched.removeAll(keepingCapacity: true)
    }

    func ended(_ transfer: StreamTransfer, _ code: CURLcode) {
        multi?.remove(transfer)
        transfer.ended(code, issuer: watch.takeIssuer())
    }

    /// Takes a stream out of the table, and from curl. A second time does nothing.
    func forget(_ transfer: StreamTransfer) {
        let place = transfer.place
        guard place < streams.count, streams[place] === transfer else { return }
        let last = streams.removeLast()
        if last !== transfer {
            streams[place] = last
            last.place = place
        }
        multi?.remove(transfer)
        if streams.isEmpty { idle?.stop() }
    }
}
