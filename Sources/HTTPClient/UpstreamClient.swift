internal import CCurl
public import EventLoop
import Glibc

/// Fetches and streams from upstream on a loop, with connections that are kept and shared.
public final class UpstreamClient {
    let loop: Loop
    let settings: UpstreamSettings
    let trust: TrustStore
    /// Makes the connections of streams.
    private(set) var multi: CurlMulti?

    /// The connections of fetches.
    private(set) var fetchConnections: FetchConnections?

    /// The running fetches.
    private var transfers: [ObjectIdentifier: Transfer] = [:]

    /// The fetches that have yielded to others.
    private var resting: RestingTurns<Transfer>?

    /// The running exchanges.
    var exchanges = ExchangeTable()

    /// The idle connections for the next exchange.
    var pool = IdlePool<UpstreamConnection>()

    /// Simulated suspend in milliseconds, for tests, which cannot suspend the machine.
    package var feignedSuspend: UInt64 = 0

    /// The buffer that exchanges read into.
    let readBuffer = ReadBuffer()

    private(set) var watch: StreamWatch?

    let tlsWatch = TLSWatch()

    /// Failures that are known before curl is called: they are still reported later.
    private var early: [(done: FetchDone, failure: FetchFailure)] = []
    private(set) var later: LoopTimer?

    /// A client, which must be closed before its loop. Fails if the CA file cannot be used.
    public init(on loop: Loop, settings: UpstreamSettings) throws(UpstreamError) {
        self.loop = loop
        var settings = settings
        if settings.proxy == nil, !environmentNamesProxy() { settings.proxy = "" }
        self.settings = settings
        trust = try TrustStore(caFile: settings.caFile)
        multi = CurlMulti(
            on: loop, ended: { transfer, code in self.ended(transfer, code) },
            turned: { self.settle() })
        fetchConnections = FetchConnections(on: loop) {
            CurlMulti(
                on: loop, acknowledgementLimit: self.settings.acknowledgementLimit,
                ended: { transfer, code in self.ended(transfer, code) },
                turned: { self.settle() })
        }
        later = LoopTimer(on: loop) {
            self.fetchConnections?.closeLeft()
            self.closeDiscarded()
            self.reportEarly()
            self.startExchanges()
            self.touchWaiting()
            self.settle()
        }
        resting = RestingTurns(on: loop) { self.goOn($0) }
        watch = StreamWatch(on: loop, milliseconds: settings.streamWatchInterval) { self.checkStreams() }
    }

    /// How many fetches are running.
    public var fetchesUnderWay: Int { transfers.count + early.count }

    /// Fetches, and calls `done` once, on the loop and never before this has returned.
    ///
    /// After `close()` nothing is fetched and `done` is called at once, with `.cancelled`. `mayReceive` is called
    /// within curl's callbacks and returns whether there is room for a body of this many bytes. If there is none, the
    /// fetch fails with `.noRoom`.
    public func fetch(
        _ request: FetchRequest, mayReceive: ((Int) -> Bool)? = nil,
        _ done: @escaping (Result<FetchedResponse, FetchFailure>) -> Void
    ) {
        guard let fetchConnections else { return done(.failure(.cancelled)) }
        guard let url = FetchURL(request.url) else {
            return failLater(done, .other("the URL is not valid"))
        }
        guard request.hasSoundFields else {
            return failLater(done, .other("a request field has an invalid character"))
        }
        let transfer = Transfer(
            done, easy: EasyHandle(settings, trust, tlsWatch), url: url, request: request, client: self,
            mayReceive: mayReceive, now: loop.nowNanoseconds)
        transfers[ObjectIdentifier(transfer)] = transfer
        fetchConnections.add(transfer)
        closeLeftLater()
    }

    /// Gives up every fetch and stream, which all get `.cancelled`, and closes every connection. Further calls do
    /// nothing.
    public func close() {
        guard let multi, let fetchConnections else { return }
        self.multi = nil
        self.fetchConnections = nil
        later?.close()
        later = nil
        resting?.close()
        resting = nil
        watch?.close()
        watch = nil
        let waiting = early.map(\.done) + transfers.values.map(\.done)
        for transfer in transfers.values { fetchConnections.remove(transfer) }
        for exchange in exchanges.all { exchange.disconnect() }
        closeDiscarded()
        for connection in pool.removeAll() { connection.close() }
        let exchanges = exchanges.removeAll()
        transfers = [:]
        early = []
        fetchConnections.close()
        multi.close()
        for done in waiting { done(.failure(.cancelled)) }
        for exchange in exchanges { exchange.abandon(.cancelled) }
    }

    /// A new easy handle.
    func makeEasy(for multi: CurlMulti) -> EasyHandle {
        let easy = EasyHandle(settings, trust, tlsWatch)
        multi.adopt(easy)
        return easy
    }

    /// Schedules the closing of connections that no fetch will use any more, when libcurl is not in the middle of a
    /// call.
    private func closeLeftLater() {
        if fetchConnections?.hasLeft == true { later?.start(after: 0) }
    }

    private func failLater(_ done: @escaping FetchDone, _ failure: FetchFailure) {
        early.append((done, failure))
        later?.start(after: 0)
    }

    private func reportEarly() {
        while !early.isEmpty {
            let (done, failure) = early.removeFirst()
            done(.failure(failure))
        }
    }

    /// Schedules a fetch that curl holds back to continue once other sockets have been served. Call it within a
    /// callback of curl.
    func goOnLater(_ transfer: Transfer) { resting?.add(transfer) }

    private func goOn(_ some: [Transfer]) {
        for transfer in some where transfers[ObjectIdentifier(transfer)] === transfer {
            transfer.beginTurn()
            fetchConnections?.resume(transfer)
        }
    }

    private func ended(_ transfer: CurlTransfer, _ code: CURLcode) {
        guard let fetchConnections else { return }
        if let connection = transfer as? UpstreamConnection {
            return connection.connected(code, issuer: tlsWatch.takeIssuer())
        }
        guard let transfer = transfer as? Transfer else { return }
        fetchConnections.remove(transfer)
        let step = transfer.ended(code, issuer: tlsWatch.takeIssuer(), now: loop.nowNanoseconds)
        closeLeftLater()
        switch step {
        case .askAgain: fetchConnections.add(transfer)
        case .finish(let result):
            transfers[ObjectIdentifier(transfer)] = nil
            transfer.done(result)
        }
    }
}

/// What rests until other sockets have been served.
///
/// The first to rest starts a timer, and those that follow before it fires continue with it. If each started it again,
/// it would not fire as long as they follow each other closely.
final class RestingTurns<Element> {
    private let loop: Loop
    private let goOn: ([Element]) -> Void
    private var resting: [Element] = []
    private var timer: LoopTimer?

    /// Nothing rests. `goOn` is called on the loop with what may continue.
    init(on loop: Loop, _ goOn: @escaping ([Element]) -> Void) {
        self.loop = loop
        self.goOn = goOn
        timer = LoopTimer(on: loop) { [unowned self] in fire() }
    }

    /// Lets something rest.
    func add(_ element: Element) {
        resting.append(element)
        guard resting.count == 1 else { return }
        // A timer that is due already would run before the sockets.
        loop.updateNow()
        timer?.start(after: 1)
    }

    private func fire() {
        let some = resting
        resting = []
        goOn(some)
    }

    /// Drops what rests. Further calls do nothing.
    func close() {
        resting = []
        timer?.close()
        timer = nil
    }
}

/// Whether any of the variables that set a proxy for curl is present. Checking them for each request takes curl long.
private func environmentNamesProxy() -> Bool {
    ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].contains { name in
        guard let value = unsafe getenv(name) else { return false }
        return unsafe value.pointee != 0
    }
}

/// Settings for requests to upstream: limits, trust and the route.
public struct UpstreamSettings: Sendable, Equatable {
    /// The time limit for resolving the name, connecting and the TLS handshake together, in milliseconds.
    public var connectTimeout = 3_000

    /// The time limit for a whole fetch, including redirects, in milliseconds.
    public var timeout = 10_000

    /// How long data that a fetch has sent may stay without the peer's acknowledgement, in milliseconds. It is a little
    /// longer than the connect timeout, so that a server that does not accept can still be distinguished.
    var acknowledgementLimit: Int { max(1, connectTimeout) + 500 }

    /// How long a stream may go without a byte in either direction, in milliseconds. A stream that is received has no
    /// other time limit.
    public var idleTimeout = 600_000

    /// How long data that a stream has sent may stay without the peer's acknowledgement, in milliseconds. This is a
    /// limit for the network: a server that is slow acknowledges at once.
    package var streamAcknowledgementLimit = 30_000

    /// The longest time between two looks at the streams, in milliseconds.
    var streamWatchInterval: Int { max(1, min(idleTimeout, streamAcknowledgementLimit / 6)) }

    /// The largest body as received, in bytes.
    public var maximumBody = 32 << 20

    /// A PEM file of certificate authorities that are trusted in addition to the system's.
    public var caFile: String?

    /// The proxy's URL; an empty one for no proxy at all; nil for `HTTPS_PROXY`, `http_proxy` and `NO_PROXY` as curl
    /// reads them.
    public var proxy: String?

    /// The path of a unix socket that every connection is made to, whatever the URL's host; nil for the host.
    public var unixSocket: String?

    /// After how many seconds curl closes a connection that it takes for an idle one; nil for its own limit. For tests.
    var curlMaximumIdle: Int?

    /// The `User-Agent` field, such as `larder/1.0`.
    public var userAgent: String

    /// The defaults, with the given `User-Agent`.
    public init(userAgent: String) { self.userAgent = userAgent }
}

/// Why a client cannot be made: a setting that does not work.
public struct UpstreamError: Error, Equatable, CustomStringConvertible {
    /// A sentence that names the setting's value.
    public let description: String
}
