package import Fleet

/// What a loop gets for a want. `fetch` goes only to the one that began it, the others to all that joined it.
package enum FleetAnswer: Sendable {
    /// Ask upstream, for this many milliseconds at most, and then call `FleetService.fetched` in any case.
    case fetch(Ticket, limit: UInt64, WantStateMachine.Ground)
    /// The fetch has completed. `keeps`: the copy may be kept; else it is for those alone who wait for it.
    case completed(keeps: Bool)
    /// Use this copy.
    case take(Taken)
    /// Back off from upstream for this many milliseconds: another member's fetch has failed.
    case backOff(milliseconds: UInt32)
    /// A refresh ends with nothing.
    case giveUp
}

/// What concerns all loops.
package enum FleetEvent: Sendable {
    /// Remove all copies within the scope from memory and disk, and then call `FleetService.dropped` with the number.
    case drop(Scope, UInt64)
    /// Remove this resource's copy: it may no longer be shared.
    case dropCopy(Identifier)
    /// A copy of this resource was stored for all: a withdrawal from before does not concern it.
    case stored(Identifier)
    /// The engine is not in use any more, so what was withdrawn or stored since is not heard of.
    case disconnected
    /// Another member's fetch has failed: back off from upstream for this resource for this many milliseconds.
    case backOff(Identifier, milliseconds: UInt32)
    /// Write this line to the log. `isProblem`: the engine is not in use, or something is lost.
    case log(String, isProblem: Bool)
}

/// What a fleet's member shows of itself.
package struct FleetStatus: Sendable, Equatable {
    package var state = LinkStateMachine.State.idle(until: 0)
    /// The last line of the log about the link; nil before the first.
    package var notice: String?
    /// How many members got the last message, this one included.
    package var members = 0
    /// The copies that were taken from the fleet and stored for it.
    package var taken: UInt64 = 0
    package var given: UInt64 = 0
    /// The fetches under a lease, and how often another member's fetch was waited for.
    package var leases: UInt64 = 0
    package var waits: UInt64 = 0
    /// The fetches without a lease.
    package var alone: UInt64 = 0
    /// How often the link was lost or could not be made.
    package var failures: UInt64 = 0
    package var purges: UInt64 = 0
    /// Whether it is known what was purged: removals that follow from that were reported.
    package var knowsGenerations = false
    /// When the engine was last taken into use or lost, in Unix seconds; nil if it was never used.
    package var changed: Int64?

    package init() {}

    /// Whether the engine is in use.
    package var isUp: Bool { state == .up }
}

/// What other threads send to the fleet's thread.
enum FleetMessage: Sendable {
    case want(FleetResource, WantRequest, @Sendable (FleetAnswer) -> Void)
    case fetched(Ticket, FetchResult)
    case purge(PurgedScope, drop: @Sendable (UInt64) -> Void, done: @Sendable (PurgeReport) -> Void)
    case refused(Identifier)
    case withdraw(FleetResource, @Sendable () -> Void)
    case dropped(UInt64)
    case follow(Identifier)
    case forget(Identifier)
    case readPending
    case stop
}

/// What a purge removes, as an operator says it.
package enum PurgedScope: Sendable, Equatable {
    case scope(Scope)
    /// The copies of the key whose digest begins with these 32 bits.
    case owner(UInt64)
}
