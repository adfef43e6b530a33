internal import CCurl
import EventLoop

extension UpstreamClient {
    /// Passes a request on, and tells `delegate` of its response bit by bit.
    ///
    /// Nothing is added to the request, redirects are not followed and nothing is asked twice, except what is idempotent and
    /// met a kept connection that had just ended. After `close()` nothing is sent, and `failed` is told at once, within this
    /// call, with `.cancelled`.
    public func stream(_ request: StreamRequest, delegate: any UpstreamStreamDelegate) -> UpstreamStream {
        guard multi != nil else {
            delegate.failed(.cancelled)
            return UpstreamStream()
        }
        let origin = origin(of: request.url)
        let flaw = origin == nil ? .other("the URL is none that can be asked for") : request.flaw
        let transfer = StreamTransfer(
            request, origin: origin ?? .nowhere, easy: takeEasy(),
            client: self,
            delegate: delegate, loop: loop, settings: settings, parsed: origin == nil ? nil : lastOrigin?.parsed)
        streams[ObjectIdentifier(transfer)] = transfer
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

    /// Requests go to one origin as a rule, so the last one is remembered.
    private func origin(of url: String) -> Origin? {
        if let last = lastOrigin, last.url == url { return last.origin }
        guard let origin = FetchURL(url)?.origin else { return nil }
        lastOrigin = (url, origin, ParsedOrigin(origin))
        return origin
    }

    /// Begins the streams that were asked for.
    func startStreams() {
        guard let multi, !starting.isEmpty else { return }
        let batch = starting.filter { !$0.isOver }
        starting.removeAll(keepingCapacity: true)
        for transfer in batch { transfer.begin() }
        multi.add(batch)
    }

    /// An easy handle that has asked the last origin before, or a new one: curl keeps of another origin what it has read.
    private func takeEasy() -> EasyHandle {
        if let easy = spare.popLast(), easy.origin === lastOrigin?.parsed { return easy }
        return EasyHandle(settings, trust, watch)
    }

    /// Keeps an easy handle for another stream.
    func keep(_ easy: EasyHandle) {
        if multi != nil, spare.count < UpstreamClient.mostSpare { spare.append(easy) }
    }

    /// Gives up the streams on which nothing has moved for as long as `limit`, in milliseconds; see `IdleLimit`.
    func endIdle(_ limit: Int) -> Int? {
        var longest: Int?
        for transfer in streams.values {
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
        while !touched.isEmpty {
            let batch = touched
            touched = []
            for transfer in batch {
                transfer.isTouched = false
                if !transfer.isOver { transfer.settle() }
            }
        }
    }

    func ended(_ transfer: StreamTransfer, _ code: CURLcode) {
        multi?.remove(transfer)
        transfer.ended(code, issuer: watch.takeIssuer())
    }

    /// Takes a stream out of the table, and from curl. A second time does nothing.
    func forget(_ transfer: StreamTransfer) {
        guard streams.removeValue(forKey: ObjectIdentifier(transfer)) != nil else { return }
        multi?.remove(transfer)
        if streams.isEmpty { idle?.stop() }
    }
}
