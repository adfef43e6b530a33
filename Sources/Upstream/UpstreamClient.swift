internal import CCurl
public import EventLoop
import Glibc

/// Fetches and streams from upstream on a loop, with connections that are kept and shared.
public final class UpstreamClient {
    let loop: Loop
    let settings: UpstreamSettings
    let trust: TrustStore
    private(set) var multi: CurlMulti?

    /// The fetches under way.
    private var transfers: [ObjectIdentifier: Transfer] = [:]

    /// The fetches that have given way to others.
    private var resting: [Transfer] = []

    /// The streams under way, each in its `place`.
    var streams: [StreamTransfer] = []

    /// Those that curl has not been told of yet.
    var starting: [StreamTransfer] = []

    /// The connections that wait for the next stream.
    var kept = KeptConnections()

    /// Where streams read into.
    let room = ReadingRoom()

    /// The last stream's URL, the origin that it names, and the proxy that is asked for it.
    var lastOrigin: (url: String, origin: Origin?, proxy: PlainProxy?) = ("", nil, nil)

    private(set) var idle: IdleLimit?

    /// Those that have something to tell.
    var touched: [StreamTransfer] = []

    /// Those that have more to read, when others have had a turn.
    var waiting: [StreamTransfer] = []

    var isSettling = false

    let watch = TLSWatch()

    /// Failures that are known before curl is asked: they are told later all the same.
    private var early: [(done: FetchDone, failure: FetchFailure)] = []
    private(set) var later: LoopTimer?

    /// A client, which must be closed before its loop is. Fails when the CA file cannot be used.
    public init(on loop: Loop, settings: UpstreamSettings) throws(UpstreamError) {
        self.loop = loop
        var settings = settings
        if settings.proxy == nil, !environmentNamesProxy() { settings.proxy = "" }
        self.settings = settings
        trust = try TrustStore(caFile: settings.caFile)
        multi = CurlMulti(
            on: loop, ended: { transfer, code in self.ended(transfer, code) },
            turned: { self.settle() })
        later = LoopTimer(on: loop) {
            self.tellEarly()
            self.startStreams()
            self.touchWaiting()
            self.settle()
            self.goOn()
        }
        idle = IdleLimit(on: loop, milliseconds: settings.idleTimeout) { self.endIdle($0) }
    }

    /// How many fetches are under way.
    public var fetchesUnderWay: Int { transfers.count + early.count }

    /// Fetches, and calls `done` once, on the loop and never before this has returned.
    ///
    /// After `close()` nothing is fetched and `done` is called at once, with `.cancelled`.
    public func fetch(_ request: FetchRequest, _ done: @escaping (Result<FetchedResponse, FetchFailure>) -> Void) {
        guard let multi else { return done(.failure(.cancelled)) }
        guard let url = FetchURL(request.url) else {
            return failLater(done, .other("the URL is none that can be asked for"))
        }
        guard request.hasSoundFields else {
            return failLater(done, .other("a request field has a character that no field may have"))
        }
        let transfer = Transfer(
            done, easy: makeEasy(for: multi), url: url, request: request, client: self, now: loop.nowNanoseconds)
        transfers[ObjectIdentifier(transfer)] = transfer
        multi.add(transfer)
    }

    /// Gives up every fetch and stream, which are told `.cancelled`, and closes every connection. Further calls do nothing.
    public func close() {
        guard let multi else { return }
        self.multi = nil
        later?.close()
        later = nil
        idle?.close()
        idle = nil
        starting = []
        let waiting = early.map(\.done) + transfers.values.map(\.done)
        for transfer in transfers.values { multi.remove(transfer) }
        for transfer in streams { transfer.disconnect() }
        kept.close()
        let streams = streams
        transfers = [:]
        self.streams = []
        touched = []
        self.waiting = []
        early = []
        resting = []
        multi.close()
        for done in waiting { done(.failure(.cancelled)) }
        for transfer in streams { transfer.abandon(.cancelled) }
    }

    /// A new easy handle.
    func makeEasy(for multi: CurlMulti) -> EasyHandle {
        let easy = EasyHandle(settings, trust, watch)
        multi.adopt(easy)
        return easy
    }

    private func failLater(_ done: @escaping FetchDone, _ failure: FetchFailure) {
        early.append((done, failure))
        later?.start(after: 0)
    }

    private func tellEarly() {
        while !early.isEmpty {
            let (done, failure) = early.removeFirst()
            done(.failure(failure))
        }
    }

    /// Has a fetch that curl holds back go on when other sockets have been served: within a callback of curl's.
    func goOnLater(_ transfer: Transfer) {
        resting.append(transfer)
        // A timer that is due already would come before the sockets.
        loop.updateNow()
        later?.start(after: 1)
    }

    private func goOn() {
        let some = resting
        resting = []
        for transfer in some where transfers[ObjectIdentifier(transfer)] === transfer {
            transfer.beginTurn()
            multi?.allow(transfer, receiving: true, sending: true)
        }
    }

    private func ended(_ transfer: CurlTransfer, _ code: CURLcode) {
        guard let multi else { return }
        if let connection = transfer as? UpstreamConnection {
            return connection.connected(code, issuer: watch.takeIssuer())
        }
        guard let transfer = transfer as? Transfer else { return }
        multi.remove(transfer)
        switch transfer.ended(code, issuer: watch.takeIssuer(), now: loop.nowNanoseconds) {
        case .askAgain: multi.add(transfer)
        case .finish(let result):
            transfers[ObjectIdentifier(transfer)] = nil
            transfer.done(result)
        }
    }
}

/// Whether any of the variables is set that tell curl of a proxy. Looking for them for each request takes curl long.
private func environmentNamesProxy() -> Bool {
    ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].contains { name in
        guard let value = unsafe getenv(name) else { return false }
        return unsafe value.pointee != 0
    }
}
