import EventLoop
import Logging
import Serving
import Threads

/// The connections of a loop's clients: which are accepted, which have one of the places of `server.max_connections`,
/// and which are closed for others. `ConnectionPlaces` and `ReservedPlaces` decide.
final class ClientConnections {
    private(set) var table = ConnectionTable()
    private let acceptor: Acceptor
    private var reserve = ReservedPlaces<Connection>()
    private let places: OpenConnections
    private let peers: Peers
    private let telemetry: Telemetry
    private let loop: Loop
    /// Runs while requests of this loop wait for places.
    private var search: LoopTimer?
    private var isDraining = false

    /// No connections.
    init(
        _ sockets: [ListeningSocket], places: OpenConnections, on loop: Loop, peers: Peers, telemetry: Telemetry
    ) {
        acceptor = Acceptor(sockets, on: loop)
        self.places = places
        self.peers = peers
        self.telemetry = telemetry
        self.loop = loop
    }

    private var now: UInt64 { loop.nowMilliseconds }

    // MARK: Accepting

    /// Begins to accept.
    func begin(_ accept: @escaping (Stream, Connection.Door) -> Void) throws(UVError) {
        try acceptor.begin(log: telemetry.log, accept)
    }

    /// A connection was accepted.
    func opened(_ connection: Connection) {
        table.insert(connection)
        if places.state.withLock({ $0.take() }) { return }
        connection.place = .reserved
        let action = reserve.came(connection) { $0.stage }
        if action.isFull { acceptor.pause() }
        sendOff(action)
    }

    private func sendOff(_ action: ReservedPlaces<Connection>.Action) {
        guard let guest = action.sendOff else { return }
        guest.sendOff()
        if action.isUrgent { guest.stream.close() }
    }

    /// A connection was closed.
    func closed(_ connection: Connection) {
        table.remove(connection)
        let place = connection.place
        // It has nothing to give back any more.
        connection.place = .reserved
        switch place {
        case .own: grant(places.state.withLock { $0.release() })
        case .ceded: grant(places.state.withLock { $0.release(wasEvicted: true) })
        case .awaited:
            leaveLine(isRefused: false)
            freed(connection)
        case .reserved: freed(connection)
        }
    }

    /// A guest has left the reserve.
    private func freed(_ connection: Connection) { if reserve.left(connection) { acceptor.resume() } }

    // MARK: Places

    /// Whether a guest's request may be answered now: it gets a place, or is for Larder's own pages.
    func admits(_ guest: Connection, isOwn: Bool) -> Bool {
        if places.state.withLock({ $0.take() }) {
            seat(guest)
            return true
        }
        return isOwn || isDraining
    }

    private func seat(_ guest: Connection) {
        guest.place = .own
        freed(guest)
    }

    /// A guest's request waits for a place.
    func wait(_ guest: Connection) {
        guest.place = .awaited
        let (begins, limit) = places.state.withLock { ($0.wait(peers.index, at: now), $0.limit) }
        if begins {
            telemetry.log.event(
                .connectionsFull,
                "server.max_connections is reached: idle connections are closed for new ones, or new ones wait",
                ["server.max_connections": "\(limit)"])
        }
        sendOff(reserve.crowding { $0.stage })
        lookForRoom()
        let timer = search ?? LoopTimer(on: loop) { [unowned self] in lookAgain() }
        if search == nil { timer.start(after: searchInterval, repeating: searchInterval) }
        search = timer
    }

    /// A guest's request does not wait any more, and was refused.
    func refused(_ guest: Connection) {
        guard guest.place == .awaited else { return }
        guest.place = .reserved
        leaveLine(isRefused: true)
    }

    private func leaveLine(isRefused: Bool) {
        places.state.withLock { $0.leave(peers.index, isRefused: isRefused, at: now) }
    }

    /// A place became free: it goes to the first in line, on whatever loop that is.
    private func grant(_ index: Int?) {
        guard let index else { return }
        if index == peers.index { gotPlace() } else { peers.send(.place, to: index) }
    }

    /// A request of this loop gets a place.
    func gotPlace() {
        guard let guest = reserve.guests.first(where: { $0.place == .awaited }) else {
            // It has gone in the meantime.
            return grant(places.state.withLock { $0.release() })
        }
        seat(guest)
        guest.gotPlace()
    }

    // MARK: Idle connections

    private let searchInterval = Int(ConnectionPlaces.searchInterval)

    private func lookAgain() {
        guard reserve.guests.contains(where: { $0.place == .awaited }) else {
            search?.close()
            search = nil
            return
        }
        lookForRoom()
    }

    private func lookForRoom() {
        switch places.state.withLock({ $0.seek(at: now) }) {
        case .none: break
        case .ask(let count):
            peers.sendToOthers(.findIdle(count))
            findIdle(count)
        case .close(let orders): give(orders)
        }
    }

    /// Reports which connections of this loop are idle, at most `count`.
    func findIdle(_ count: Int) {
        let idle = isDraining ? [] : table.longestIdle(count).map(\.since)
        give(places.state.withLock { $0.found(idle, on: peers.index) })
    }

    private func give(_ orders: [ConnectionPlaces.Order]) {
        for order in orders {
            if order.loop == peers.index {
                closeIdle(order.count)
            } else {
                peers.send(.closeIdle(order.count), to: order.loop)
            }
        }
    }

    /// Closes this many idle connections, so that others get their places.
    func closeIdle(_ count: Int) {
        // A request that has arrived, but was not read yet, makes the difference between idle and not.
        let idle = table.longestIdle(count).map(\.0).filter { !$0.stream.hasUnreadInput }
        for connection in idle {
            connection.place = .ceded
            connection.stream.close()
        }
        if idle.count < count { places.state.withLock { $0.notClosed(count - idle.count) } }
    }

    // MARK: Time and end

    /// The periodic work.
    func sweep() {
        table.expire(at: now)
        guard let over = places.state.withLock({ $0.calm(at: now) }) else { return }
        telemetry.log.event(
            .connectionsFree, "new connections do not have to wait any more",
            ["evicted": "\(over.evicted)", "refused": "\(over.refused)", "seconds": "\(over.seconds)"])
    }

    /// Accepts no more connections. Requests that wait are answered all the same: their connections are open anyway.
    func stopAccepting() {
        acceptor.close()
        isDraining = true
        for guest in reserve.guests where guest.place == .awaited {
            guest.place = .reserved
            leaveLine(isRefused: false)
            guest.gotPlace()
        }
    }

    /// The numbers of all loops.
    var report: ConnectionPlaces.Report { places.state.withLock { $0.report(at: now) } }

    /// Lets the loop end.
    func close() { search?.close() }
}

/// The places for connections, which all loops share.
///
/// The kernel distributes connections over the loops by a hash, not evenly. With a limit for each loop, one loop would
/// reach it while another has room. A loop takes the lock when a connection opens or closes, never on a request.
final class OpenConnections: Sendable {
    let state: Mutex<ConnectionPlaces>

    /// All places are free.
    init(limit: Int, loops: Int) { state = Mutex(ConnectionPlaces(limit: limit, loops: loops)) }
}

/// The periodic work of a loop, such as checking deadlines.
final class Sweeper {
    private let loop: Loop
    private let work: (_ due: UInt64) -> Void
    private var timer: LoopTimer?
    private var period = 1_000
    /// When it is due, in nanoseconds.
    private var due: UInt64 = 0

    /// Does `work` with the time at which it was due, in nanoseconds, once it has been started.
    init(on loop: Loop, _ work: @escaping (_ due: UInt64) -> Void) {
        self.loop = loop
        self.work = work
        timer = LoopTimer(on: loop) { [unowned self] in workNow() }
    }

    /// The work may end the loop, and drop this object.
    private func workNow() {
        work(due)
        schedule()
    }

    /// Works at the interval that the time limits require: each is exact to a quarter of itself.
    func start(_ settings: ShardSettings) {
        let limits = settings.timeLimits
        let shortest = min(limits.header, limits.body, limits.idle)
        period = Int(max(10, min(1_000, shortest / 4)))
        schedule()
        timer?.start(after: period, repeating: period)
    }

    private func schedule() { due = loop.nowNanoseconds + UInt64(period) * 1_000_000 }

    /// Works no more, so that the loop can end.
    func close() { timer?.close() }
}
