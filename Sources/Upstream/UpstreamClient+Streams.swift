internal import CCurl
import EventLoop

extension UpstreamClient {
    /// Passes a request on, and tells `delegate` of its response bit by bit.
    ///
    /// Nothing is added to the request, redirects are not followed and nothing is asked twice, except what is idempotent and
    /// met a kept connection that had just ended. After `close()` nothing is sent, and `failed` is told at once, within this
    /// call, with `.cancelled`.
    public func stream(_ request: StreamRequest, delegate: any UpstreamStreamDelegate) -> UpstreamStream {
        guard let multi else {
            delegate.failed(.cancelled)
            return UpstreamStream()
        }
        let url = FetchURL(request.url)
        let flaw = url == nil ? .other("the URL is none that can be asked for") : request.flaw
        let transfer = StreamTransfer(
            request, origin: url?.origin ?? .nowhere, client: self, delegate: delegate, loop: loop, settings: settings,
            trust: trust, watch: watch)
        streams[ObjectIdentifier(transfer)] = transfer
        if let flaw { transfer.fail(flaw) } else { multi.add(transfer) }
        return transfer.makeHandle()
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
    }
}
