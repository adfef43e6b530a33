internal import CCurl
import EventLoop
import HTTPParsing

extension UpstreamClient {
    /// A request to pass on, without target and fields. It uses the memory of the request before it.
    public func makeRequest(method: String, url: String, body: StreamRequest.Body) -> StreamRequest {
        guard var request = exchanges.spareRequest.take() else {
            return StreamRequest(method: method, url: url, body: body)
        }
        request.begin(method: method, url: url, body: body)
        return request
    }

    /// Passes a request on, and reports its response to `delegate` part by part.
    ///
    /// Nothing is added to the request, and redirects are not followed. Nothing is sent twice, except an idempotent
    /// request on a kept connection that had just ended. After `close()` nothing is sent, and `failed` is called at
    /// once, within this call, with `.cancelled`.
    public func stream(_ request: consuming StreamRequest, delegate: any UpstreamStreamDelegate) -> UpstreamStream {
        guard multi != nil else {
            delegate.failed(.cancelled)
            return UpstreamStream()
        }
        let destination = destination(of: request.url)
        let flaw = destination.origin == nil ? .other("the URL is not valid") : request.flaw
        let exchange = Exchange(
            request, to: destination, isSound: flaw == nil, client: self, delegate: delegate,
            index: exchanges.all.count)
        if request.isSmall {
            request.removeAll()
            exchanges.spareRequest = consume request
        }
        exchanges.add(exchange)
        watch?.began()
        if let flaw {
            exchange.fail(flaw)
        } else {
            // Not at once: a small body nearly always follows directly, and can be sent with the head.
            if exchanges.starting.isEmpty { later?.start(after: 0) }
            exchanges.starting.append(exchange)
        }
        return exchange.makeHandle()
    }

    /// Requests usually go to one origin, so the last one is remembered.
    private func destination(of url: String) -> Destination {
        if let last = exchanges.lastDestination, last.url == url { return last }
        let made = Destination(url, proxy: settings.proxy)
        exchanges.lastDestination = made
        return made
    }

    /// Begins the requested exchanges.
    func startExchanges() {
        guard let multi, !exchanges.starting.isEmpty else { return }
        multi.addAtOnce {
            for exchange in exchanges.starting where !exchange.isOver { exchange.begin() }
            exchanges.starting.removeAll(keepingCapacity: true)
        }
    }

    // MARK: Connections

    /// The current moment, after a suspend of `asleep` milliseconds until now.
    private func moment(asleep: UInt64) -> IdlePool<UpstreamConnection>.Moment {
        IdlePool.Moment(now: loop.nowMilliseconds, suspended: asleep &+ feignedSuspend)
    }

    /// A connection that can be used at once, or one that is being made.
    func takeConnection(to origin: Origin, _ multi: CurlMulti) -> UpstreamConnection {
        if pool.count == 0 { return makeConnection(to: origin, multi) }
        let moment = moment(asleep: loop.readTimeAsleep())
        while true {
            switch pool.take(to: origin, at: moment) {
            case .use(let connection):
                if connection.isQuiet() { return connection }
                connection.close()
            case .close(let connection): connection.close()
            case .none: return makeConnection(to: origin, multi)
            }
        }
    }

    /// A connection that is being made.
    func makeConnection(to origin: Origin, _ multi: CurlMulti) -> UpstreamConnection {
        let connection = UpstreamConnection(to: origin, easy: makeEasy(for: multi), client: self)
        multi.add(connection)
        return connection
    }

    /// Keeps a connection for another exchange, for as long as its server says that it keeps it open.
    func keep(_ connection: UpstreamConnection) {
        connection.finished()
        // A suspend that is not known yet lets a connection count as older than it is, which is only closed too early.
        let moment = moment(asleep: loop.timeAsleep)
        for connection in pool.add(connection, keepAlive: connection.parser.keepAliveTimeout, at: moment) {
            connection.close()
        }
    }

    /// The connection of a fetch has failed. If that says something about the connections that were kept until now,
    /// neither fetches nor exchanges use those to its origin any more. This may be called within a callback of curl.
    func suspect(_ transfer: Transfer) {
        guard fetchConnections?.suspect(transfer) == true else { return }
        exchanges.discarded += pool.removeAll(to: transfer.origin, keptBy: loop.nowMilliseconds)
        if !exchanges.discarded.isEmpty { later?.start(after: 0) }
    }

    /// Closes the idle connections that were discarded.
    func closeDiscarded() {
        for connection in exchanges.discarded { connection.close() }
        exchanges.discarded.removeAll()
    }

    /// Closes the idle connections to an origin that were kept at `time` or before, in the loop's milliseconds.
    func closeIdle(to origin: Origin, keptBy time: UInt64) {
        for connection in pool.removeAll(to: origin, keptBy: time) { connection.close() }
    }

    /// An idle connection has something to read: usually its end.
    func stirred(_ connection: UpstreamConnection) {
        if connection.isQuiet() { return connection.rest() }
        pool.remove(connection)
        connection.close()
    }

    // MARK: Exchanges

    /// Gives up the exchanges without progress, and the connections that lead nowhere; see `StreamWatch`.
    func checkStreams() -> Int? {
        let idleLimit = max(1, settings.idleTimeout)
        var longest: Int?
        for exchange in exchanges.all {
            let idleTime = exchange.idleTime
            if idleTime >= idleLimit {
                exchange.abandon(.timeout(exchange.phase))
            } else {
                exchange.checkAcknowledgements(limit: UInt64(clamping: settings.streamAcknowledgementLimit))
                if !exchange.isOver { longest = max(longest ?? 0, idleTime) }
            }
        }
        return longest.map { min(settings.streamWatchInterval, idleLimit - $0) }
    }

    /// How many streams are running.
    public var streamsUnderWay: Int { exchanges.all.count }

    /// Records that an exchange has something to deliver.
    func touch(_ exchange: Exchange) {
        if exchange.isTouched { return }
        exchange.isTouched = true
        exchanges.touched.append(exchange)
        if let multi, !multi.isActing, !exchanges.isSettling { later?.start(after: 0) }
    }

    /// Schedules an exchange to continue once others have had a turn.
    func touchLater(_ exchange: Exchange) {
        exchanges.waiting.append(exchange)
        // A timer that is due already would run before the other sockets, without an end (libuv before 1.48).
        loop.updateNow()
        later?.start(after: 1)
    }

    /// Continues the exchanges that have waited for their turn, with the next `settle`.
    func touchWaiting() {
        if exchanges.waiting.isEmpty { return }
        let some = exchanges.waiting
        exchanges.waiting = []
        for exchange in some where !exchange.isOver && !exchange.isTouched {
            exchange.isTouched = true
            exchanges.touched.append(exchange)
        }
    }

    /// Continues one exchange, on an event of its socket.
    func settle(_ exchange: Exchange) {
        if !exchange.isTouched {
            exchange.isTouched = true
            exchanges.touched.append(exchange)
        }
        settle()
    }

    /// Makes the exchanges deliver what has arrived.
    func settle() {
        if exchanges.isSettling { return }
        exchanges.isSettling = true
        defer { exchanges.isSettling = false }
        // Delegates may touch others, and close the client.
        var next = 0
        while next < exchanges.touched.count {
            let exchange = exchanges.touched[next]
            next += 1
            exchange.isTouched = false
            if !exchange.isOver { exchange.go() }
        }
        exchanges.touched.removeAll(keepingCapacity: true)
    }

    /// Removes an exchange from the table. A second call does nothing.
    func forget(_ exchange: Exchange) {
        exchanges.remove(exchange)
        if exchanges.all.isEmpty { watch?.stop() }
    }
}

/// Where a request goes. An object, so that a request takes one reference to it instead of one for each part.
final class Destination {
    let url: String
    /// Nil if the URL is not valid.
    let origin: Origin?
    let proxy: PlainProxy?

    init(_ url: String, proxy: String?) {
        self.url = url
        origin = FetchURL(url)?.origin
        self.proxy = origin.flatMap { PlainProxy(for: $0, setting: proxy) }
    }
}

/// The exchanges of a client, and which of them have something to do.
struct ExchangeTable: ~Copyable {
    /// The running exchanges, each at its `index`.
    private(set) var all: [Exchange] = []

    /// The exchanges that have not begun yet.
    var starting: [Exchange] = []

    /// Idle connections that are in the pool no more, and are to be closed.
    var discarded: [UpstreamConnection] = []

    /// The exchanges that have something to deliver.
    var touched: [Exchange] = []

    /// The exchanges that have more to read once others have had a turn.
    var waiting: [Exchange] = []

    /// Whether the touched exchanges are delivering.
    var isSettling = false

    /// Where the last exchange's request went.
    var lastDestination: Destination?

    /// The last request, whose memory the next one uses.
    var spareRequest: StreamRequest?

    /// Adds an exchange, whose index is the number of those before it.
    mutating func add(_ exchange: Exchange) { all.append(exchange) }

    /// Removes an exchange. A second call does nothing.
    mutating func remove(_ exchange: Exchange) {
        let index = exchange.index
        guard index < all.count, all[index] === exchange else { return }
        let last = all.removeLast()
        if last !== exchange {
            all[index] = last
            last.index = index
        }
    }

    /// Removes all exchanges, and returns those that were running.
    mutating func removeAll() -> [Exchange] {
        let underWay = all
        all = []
        starting = []
        touched = []
        waiting = []
        return underWay
    }
}

/// Looks from time to time whether streams must be given up. All streams of a client share one timer, so that no stream
/// needs its own.
final class StreamWatch {
    private let loop: Loop
    private let first: Int
    private var timer: LoopTimer?
    private var isRunning = false

    /// Checks the streams. Returns after how many milliseconds to look again, or nil if there are none left.
    private let look: () -> Int?

    /// `milliseconds` is when to look for the first time after a stream has begun.
    init(on loop: Loop, milliseconds: Int, _ look: @escaping () -> Int?) {
        self.loop = loop
        self.look = look
        first = milliseconds
        timer = LoopTimer(on: loop) { [unowned self] in check() }
    }

    /// `look` may drop this object.
    private func check() {
        isRunning = false
        if let next = look() { start(after: next) }
    }

    /// A stream has begun. It cannot reach a limit before the next look.
    func began() {
        if !isRunning { start(after: first) }
    }

    /// There are no streams left.
    func stop() {
        isRunning = false
        timer?.stop()
    }

    private func start(after milliseconds: Int) {
        guard let timer else { return }
        isRunning = true
        timer.start(after: max(1, milliseconds))
    }

    func close() {
        timer?.close()
        timer = nil
    }
}
