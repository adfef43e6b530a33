import Caching
import EventLoop
import HTTPCore
import Metrics
import Persistence
import Serving
import Store

/// The way from one loop to the others and to the supervisor: messages, and nothing else.
final class Peers {
    /// The number of this loop.
    let index: Int
    let supervisor: Mailbox<SupervisorMessage>
    private var own: Mailbox<ShardMessage>?
    /// The mailboxes of all loops, in order; none before all loops are up.
    private var all: [Mailbox<ShardMessage>] = []

    /// A loop that does not know the others yet.
    init(index: Int, supervisor: Mailbox<SupervisorMessage>) {
        self.index = index
        self.supervisor = supervisor
    }

    /// The number of loops.
    var count: Int { all.count }

    /// This loop has a mailbox: the supervisor gets it.
    func open(_ mailbox: Mailbox<ShardMessage>) {
        own = mailbox
        supervisor.send(.up(index, mailbox))
    }

    /// All loops are up.
    func begin(_ all: [Mailbox<ShardMessage>]) { self.all = all }

    /// The loop that owns the fetches of a resource. It is the same for every loop, so there is one fetch at a time.
    func owner(of resource: Resource) -> Int { Int(resource.shardHash % UInt64(count)) }

    /// Sends a message to one loop.
    func send(_ message: ShardMessage, to loop: Int) { all[loop].send(message) }

    /// Sends a message to all loops but this one.
    func sendToOthers(_ message: ShardMessage) {
        for (position, peer) in all.enumerated() where position != index { peer.send(message) }
    }

    /// A way for other threads to send messages to this loop.
    var sendBack: @Sendable (ShardMessage) -> Void {
        let own = own
        return { message in own?.send(message) }
    }

    /// Receives nothing more, so that the loop can end.
    func close() {
        own?.close()
        own = nil
    }
}

/// All messages between loops, and from the supervisor to loops. Everything that crosses a thread is listed here.
enum ShardMessage: Sendable {
    /// From the supervisor: all loops are up, these are their mailboxes, in order; begin, but accept no connections yet.
    case begin([Mailbox<ShardMessage>], StateAtStart)
    /// From the supervisor, after `begin` to all: fetch the catalogue before the first request for it. The messages that
    /// this causes reach no loop before its `begin`.
    case warmUp
    /// From the supervisor: accept connections.
    case accept
    /// To the loop that owns a resource: a waiter needs it.
    case wanted(Resource, Dispatcher.Waiter)
    /// To the waiter's loop: this is the result.
    case settled(ticket: UInt64, Dispatcher.Outcome, collapsed: Bool)
    /// From the state directory: its copy of a resource for an owner.
    case diskReadCompleted(DiskRead, StoredRecord?)
    /// From the state directory: it has no copy of a resource for an owner with the body that a response has confirmed.
    case notConfirmed(Resource, Owner, digest: [UInt8])
    /// To all: remove this, and report what was removed. `isFirst` is false in a further round.
    case withdraw(Withdrawal, UInt64, isFirst: Bool, from: Int)
    /// To the loop that asked: this was removed.
    case withdrawn(UInt64, Withdrawal.Taken)
    /// From the state directory, to the loop that asked: what was removed cannot come back, or it cannot be removed at
    /// present.
    case removed(UInt64, isDurable: Bool)
    /// To all: upstream ignores this parameter, as observed at a time in milliseconds.
    case ignored(IgnoredParameters.Parameter, seenAt: UInt64)
    /// To all: the answer of `/readyz` has changed.
    case readiness(Readiness)
    /// To all: this catalogue, which everyone shares, is the newest.
    case catalogue(Entry)
    /// From the fleet's thread.
    case fleet(FleetLoopMessage)
    /// About the history of the catalogue.
    case history(HistoryMessage)
    /// From the supervisor: answer with `pong`, to show that the loop responds.
    case ping
    /// To all: send your part of this page to this loop.
    case report(AdminPage, UInt64, to: Int)
    /// To the loop that asked: this is the part.
    case reported(UInt64, MetricsReport)
    /// From the supervisor: the settings have changed, and with them the telemetry.
    case reload(ShardSettings, SharedTelemetry)
    /// From the supervisor: Larder is about to stop, and goes on serving until `drain`.
    case leave
    /// From the supervisor: accept no more connections, close idle ones, finish the others. `isHandover`: another
    /// process serves already.
    case drain(isHandover: Bool)
    /// To a loop with requests that wait for a place of `server.max_connections`: one has become free.
    case place
    /// To all: requests wait for places. Find this many idle connections.
    case findIdle(Int)
    /// To a loop that has found idle connections: close this many.
    case closeIdle(Int)
    /// From the supervisor, to one loop: remove all copies, on all loops and from the store.
    case removeCopies
    /// From the supervisor: every loop has drained, or the time for it is over; end.
    case stop
}

/// Messages from loops to the supervisor.
enum SupervisorMessage: Sendable {
    /// The loop is up; this is its mailbox.
    case up(Int, Mailbox<ShardMessage>)
    /// The loop accepts connections.
    case serving(Int)
    /// The loop responds to `ping`.
    case pong(Int)
    /// The answer of `/readyz` has changed.
    case readiness(Readiness)
    /// The loop cannot continue; the text says why.
    case failed(Int, String)
    /// The loop drains and has no connection left.
    case idle(Int)
    /// The loop has ended.
    case ended(Int)
    /// Larder was asked to stop.
    case drain
    /// Copies were removed that another process has taken over.
    case copiesRemoved
}

/// What `/readyz` answers.
enum Readiness: Sendable {
    /// The first fetch of the catalogue is under way.
    case warmingUp
    case ready
    /// There is no catalogue, and its fetch from upstream failed.
    case noCatalog
    /// Larder is about to stop.
    case draining
}

/// How a loop knows whether Larder is ready. The loop that owns the catalogue's fetches finds out and notifies the others.
struct CatalogReadiness {
    private(set) var readiness: Readiness
    /// Whether the catalogue was ever fetched; known to the loop that owns its fetches.
    private var hasCatalog = false
    private let warmsUp: Bool
    /// When the last warm-up began; nil before the first.
    private var lastWarmUp: UInt64?

    /// The time between two warm-ups, in milliseconds.
    static let warmUpPeriod: UInt64 = 5_000

    /// With `warmsUp` the first fetch must end before Larder is ready.
    init(warmsUp: Bool) {
        self.warmsUp = warmsUp
        readiness = warmsUp ? .warmingUp : .ready
    }

    /// The catalogue is fetched without a request, at a time in milliseconds of the monotonic clock.
    mutating func beganWarmUp(at now: UInt64) { lastWarmUp = now }

    /// Whether to fetch the catalogue once more without a request. While `/readyz` answers 503, a load balancer sends no
    /// request that would do it.
    func wantsRetry(at now: UInt64) -> Bool {
        guard warmsUp, let lastWarmUp else { return false }
        switch readiness {
        case .warmingUp, .noCatalog: return now >= lastWarmUp + Self.warmUpPeriod
        case .ready, .draining: return false
        }
    }

    /// The catalogue of an earlier process is there.
    mutating func restored() {
        hasCatalog = true
        readiness = .ready
    }

    /// Upstream has answered a fetch of the catalogue. Returns what to send to the others.
    mutating func responded(_ status: Status, isStored: Bool) -> Readiness {
        if isStored, status == .ok { hasCatalog = true }
        // The refusal of one key does not concern the catalogue: another key may get it.
        readiness = status == .ok || status.refusesKey || hasCatalog ? .ready : .noCatalog
        return readiness
    }

    /// A fetch of the catalogue has failed. Returns what to send to the others; nil for nothing.
    mutating func failed() -> Readiness? {
        guard !hasCatalog else { return nil }
        readiness = .noCatalog
        return readiness
    }

    /// The catalogue was purged.
    mutating func purged() { hasCatalog = false }

    /// Another loop has found out.
    mutating func heard(_ readiness: Readiness) { self.readiness = readiness }
}
