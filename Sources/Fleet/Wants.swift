/// What a want is for.
package struct WantRequest: Sendable {
    /// Whether a caller waits for it; false for a refresh behind a stale copy.
    package var hasCallers: Bool
    /// The digest of the body in memory, if any: it is not read again. The owner keeps that body until the want is over,
    /// even if a purge removes the copy meanwhile: a record of the new generation may name the same body.
    package var held: BodyDigest?
    /// The greatest age of a copy that will do, in milliseconds.
    package var oldest: UInt64

    package init(hasCallers: Bool = true, held: BodyDigest? = nil, oldest: UInt64 = .max) {
        self.hasCallers = hasCallers
        self.held = held
        self.oldest = oldest
    }
}

/// The wants under way.
struct Wants {
    struct Want {
        let resource: FleetResource
        var request: WantRequest
        var machine: WantStateMachine
        /// Counts the questions, so that a late reply is known as such.
        var round = 0
        /// The generations when the fetch began; nil: not all were known. And how often copies had been dropped.
        var stamp: Stamp?
        var drops: UInt64 = 0
        /// The number of the last withdrawal when the fetch began; nil: it was not known.
        var lastWithdrawal: UInt64?
        /// Whether the copy was withdrawn since the fetch began.
        var isWithdrawn = false
        /// The record that was read, with its age.
        var record: CopyRecord?
        var age: UInt64 = 0
        /// Replies of a question that has more than one.
        var isGranted = false
        var bytes: [UInt8]?
        /// What is left of the record's time, in milliseconds; -1 if it does not end, -2 if there is no record.
        var remaining: Int64 = -2
        /// What is being stored.
        var storing: (record: CopyRecord, body: [UInt8])?
    }

    private var table: [Ticket: Want] = [:]
    /// The want that new callers join.
    private var current: [Identifier: Ticket] = [:]
    private var last: UInt64 = 0

    /// Every ticket, the oldest first.
    var all: [Ticket] { table.keys.sorted() }

    subscript(ticket: Ticket) -> Want? { table[ticket] }

    var deadline: UInt64? { table.values.lazy.compactMap(\.machine.deadline).min() }

    func due(at now: UInt64) -> [Ticket] {
        table.filter { $0.value.machine.deadline.map { $0 <= now } ?? false }.keys.sorted()
    }

    /// Whether something of this owner is wanted.
    func includes(_ owner: Identifier) -> Bool { table.values.contains { $0.resource.owner == owner } }

    /// Whether a want can end only by a reply of the engine.
    var needReplies: Bool { table.values.contains { $0.machine.needsReply } }

    func tickets(of id: Identifier) -> [Ticket] { table.filter { $0.value.resource.id == id }.keys.sorted() }

    /// The want to join: it is for the same resource, and can still bring something new.
    func open(_ id: Identifier) -> Ticket? {
        guard let ticket = current[id], let want = table[ticket], want.machine.isOpen else { return nil }
        return ticket
    }

    mutating func add(_ want: Want) -> Ticket {
        last += 1
        let ticket = Ticket(number: last)
        table[ticket] = want
        current[want.resource.id] = ticket
        return ticket
    }

    mutating func remove(_ ticket: Ticket) {
        guard let want = table.removeValue(forKey: ticket) else { return }
        if current[want.resource.id] == ticket { current[want.resource.id] = nil }
    }

    /// Changes a want; nil if it is over.
    mutating func change<Result>(_ ticket: Ticket, _ body: (inout Want) -> Result) -> Result? {
        guard table[ticket] != nil else { return nil }
        return body(&table[ticket]!)
    }
}

// The events and actions of a want.
extension WantStateMachine {
    /// Why upstream may be asked.
    package enum Ground: Equatable, Sendable {
        /// The lease is held until this moment.
        case lease(until: UInt64)
        case alone(Reason)
    }

    /// Why a member fetches without a lease.
    package enum Reason: Equatable, Sendable {
        /// The engine is not in use.
        case linkDown
        /// The engine has not answered within `fleet.timeout`, or with an error.
        case engineFailed
        /// The callers have waited long enough for another member.
        case bound
        /// Another member said that its answer cannot be shared.
        case notShared
        /// A purge has ended the lease's use; the fetch continues for those who wait for it.
        case outdated
    }

    package enum Action: Equatable, Sendable {
        case askGenerations
        case askRecord
        case askBody
        /// Ask for the lease, then read the record again.
        case askLease
        case askHolder
        /// Put the own lease in place of this one, if it is still there.
        case replaceLease(LeaseToken)
        /// Ask upstream, for this many milliseconds at most.
        case fetch(limit: UInt64, Ground)
        /// Use the fleet's copy.
        case take
        case storeBody
        case commit
        /// Release the lease if it is still held, and publish this.
        case release(Ending)
        /// Upstream is not asked for so long, in milliseconds: the callers get the failure.
        case backOff(UInt32)
        /// A refresh has ended with nothing.
        case giveUp
        /// Nothing more happens.
        case finish
    }

    /// What is published when a lease is released.
    package enum Ending: Equatable, Sendable {
        /// Another member may fetch.
        case lookAgain
        /// Nothing of this can be shared.
        case fetchAlone
        case failed(pause: UInt32)
    }

    /// What the record in the engine is good for.
    package enum Record: Equatable, Sendable {
        /// There is none, or none that can be used.
        case none
        /// It is fresh. `needsBody`: its body is not in memory.
        case fresh(needsBody: Bool)
    }

    /// How a fetch has ended.
    package enum Outcome: Equatable, Sendable {
        /// With a copy that is shared.
        case copy
        /// With a copy that was purged meanwhile.
        case outdated
        /// With something that is not shared.
        case unshared
        /// With a refusal of the caller's key.
        case refused
        /// It has failed, and all back off from upstream for so long.
        case failed(pause: UInt32)
    }

    /// What a message says about the resource.
    package enum Word: Equatable, Sendable {
        case stored
        case failed(LeaseToken, pause: UInt32)
        case ended(LeaseToken, fetchAlone: Bool)
    }
}
