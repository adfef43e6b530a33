import Caching
import EventLoop
import Serving
import Store

/// All that loops say to each other, and the supervisor to them. Whatever crosses a thread is in here.
enum ShardMessage: Sendable {
    /// From the supervisor: all loops are up, these are their mailboxes, in order; begin to serve.
    case begin([Mailbox<ShardMessage>], StateAtStart)
    /// To the loop that leads a resource: a party wants it.
    case wanted(Resource, Dispatcher.Party)
    /// To the loop of a party: this has become of it.
    case settled(ticket: UInt64, Dispatcher.Outcome, collapsed: Bool)
    /// From the state directory: this is what it has of a resource for an owner.
    case recalled(Recall, StoredRecord?)
    /// To all: upstream has refused this owner's key.
    case refused(Owner)
    /// To all: the answer of `/readyz` has changed.
    case readiness(Readiness)
    /// From the supervisor: answer with `pong`, to show that the loop turns.
    case ping
    /// To all: say what you have for this page, to this loop.
    case report(OwnPage, UInt64, to: Int)
    /// To the loop that asked: this is it.
    case reported(UInt64, MetricsReport)
    /// To all: throw this out, and tell this loop what it was.
    case purge(Purge, UInt64, to: Int)
    /// To the loop that asked: it was these.
    case purged(UInt64, [Int])
    /// From the supervisor: the settings have changed, and so has what is told of.
    case reload(ShardSettings, Observer)
    /// From the supervisor: accept no more, end what is idle, finish what is not.
    case drain
    /// From the supervisor: every loop has done so, or the time for it is over; end.
    case stop
}

/// What loops say to the supervisor.
enum SupervisorMessage: Sendable {
    /// The loop is up; this is its mailbox.
    case up(Int, Mailbox<ShardMessage>)
    /// The loop accepts connections.
    case serving(Int)
    /// The loop was asked whether it turns.
    case pong(Int)
    /// The answer of `/readyz` has changed.
    case readiness(Readiness)
    /// The loop cannot go on; the text says why.
    case failed(Int, String)
    /// The loop drains and has no connection left.
    case idle(Int)
    /// The loop has ended.
    case ended(Int)
    /// Whoever started Larder wants it to end.
    case drain
}

/// What `/readyz` answers.
enum Readiness: Sendable {
    /// The first fetch of the catalogue is under way.
    case warmingUp
    case ready
    /// There is no catalogue, and upstream failed when it was asked for one.
    case noCatalog
    /// Larder is about to stop.
    case draining
}
