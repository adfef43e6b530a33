import Fleet

/// One of the resources of the simulation.
struct SimulatedResource {
    var resource: FleetResource
    /// The owner's number; nil if all share.
    var owner: Int?
    var lifetime: UInt64
    /// Whether a stale copy is served while it is refreshed.
    var isServedStale: Bool
}

/// A copy in a replica's memory, with what the checks know of it.
struct HeldCopy {
    var content: Content
    var storedAt: UInt64
    var freshUntil: UInt64
    var usableUntil: UInt64
    var digest: BodyDigest?
}

/// What upstream answered.
struct Content: Equatable {
    var resource: Int
    var owner: Int?
    var version: UInt64
    /// When upstream was asked.
    var begun: UInt64

    /// The body; it does not contain when upstream was asked, so that two fetches of one version have the same.
    var body: [UInt8] {
        Array("list \(resource) version \(version) ".utf8) + Array((owner.map { "of owner \($0)" } ?? "shared").utf8)
    }

    init(resource: Int, owner: Int?, version: UInt64, begun: UInt64) {
        self.resource = resource
        self.owner = owner
        self.version = version
        self.begun = begun
    }

    /// Reads a body of `body`; the entity tag carries when upstream was asked.
    init?(body: [UInt8], entityTag: [UInt8]) {
        let words = String(decoding: body, as: UTF8.self).split(separator: " ")
        guard words.count >= 5, let resource = Int(words[1]), let version = UInt64(words[3]),
            let begun = UInt64(String(decoding: entityTag, as: UTF8.self))
        else { return nil }
        self.init(resource: resource, owner: words.count == 7 ? Int(words[6]) : nil, version: version, begun: begun)
    }
}

/// A client that waits.
struct Caller {
    var at: UInt64
    var resource: Int
    /// How long the replica was suspended meanwhile.
    var stood: UInt64 = 0
}

/// A replica: the member, and what Larder's loops hold.
struct SimulatedReplica {
    var member: Member
    var incarnation = 0
    var connection: Int?
    var clock: Int64
    var isDown = false
    var pausedSince: UInt64?
    var backlog: [World.Event] = []

    var memory: [Int: HeldCopy] = [:]
    var callers: [Ticket: [Caller]] = [:]
    /// The bodies in memory when a want began.
    var bodies: [Ticket: [UInt8]] = [:]
    /// Until when nothing is asked for a resource, and until when an owner is answered with a refusal.
    var backoffUntil: [Int: UInt64] = [:]
    var refusedUntil: [Int: UInt64] = [:]
    var pending = PendingWork()
    /// When the last purge of each scope began here, and the purges under way.
    var purges: [UInt64: (scope: Scope, at: UInt64)] = [:]
    var purgeBegan: [Scope: UInt64] = [:]
    /// The removals that the member waits for, with the beginning of an own purge.
    var drops: [UInt64: (scope: Scope, began: UInt64?)] = [:]
    /// The number of the last withdrawal that the member knows, and since when.
    var withdrawals: (number: UInt64, since: UInt64)?
    var timerAt: UInt64?

    init(member: Member, clock: Int64) {
        self.member = member
        self.clock = clock
    }

    /// The process is gone, with all that it had in memory.
    mutating func kill() {
        incarnation += 1
        isDown = true
        connection = nil
        pausedSince = nil
        backlog = []
        memory = [:]
        callers = [:]
        bodies = [:]
        backoffUntil = [:]
        refusedUntil = [:]
        purges = [:]
        drops = [:]
        withdrawals = nil
        timerAt = nil
    }

    /// The time of the oldest caller that waits, counted as if the replica had not been suspended.
    var oldestWait: (since: UInt64, resource: Int)? {
        if callers.isEmpty { return nil }
        var oldest: (since: UInt64, resource: Int)?
        for list in callers.values {
            for caller in list where caller.at + caller.stood < oldest?.since ?? .max {
                oldest = (caller.at + caller.stood, caller.resource)
            }
        }
        return oldest
    }
}
