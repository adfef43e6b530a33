import Caching
import Fleet
import HTTPCore
import Serving

/// What the identifiers of a loop's resources stand for, and which bodies it has. It holds a limited number.
struct FleetResources {
    enum Found {
        case one(Resource, Owner?)
        /// It may have been one that was forgotten.
        case unknown
        case none
    }

    private struct Known {
        let resource: Resource
        let owner: Owner?
        /// The digest of the decoded body, and of the body as the engine has it.
        var body: (own: [UInt8], shared: BodyDigest)?
        var isWithdrawn = false
    }

    /// The most memory for them, in bytes, and what one takes beside its name.
    private static let most = 1 << 20
    private static let overhead = 256
    private var known: [Identifier: Known] = [:]
    private var bytes = 0
    private var isPartial = false
    /// Resources that others have withdrawn, and of which nothing was known here: the disk may still have copies.
    private var outdated: Set<Identifier> = []
    private var isAllOutdated = false
    private static let mostOutdated = 4_096

    mutating func note(_ id: Identifier, _ resource: Resource, _ owner: Owner?) {
        guard known[id] == nil else { return }
        bytes += Self.overhead + resource.upstreamTarget.utf8.count
        if bytes > Self.most {
            known.removeAll()
            bytes = 0
            isPartial = true
        }
        known[id] = Known(resource: resource, owner: owner)
    }

    func find(_ id: Identifier) -> Found {
        if let known = known[id] { return .one(known.resource, known.owner) }
        return isPartial ? .unknown : .none
    }

    /// The fleet has this body, and so has the entry with `own` as the digest of its decoded body.
    mutating func hold(_ id: Identifier, _ own: [UInt8], _ shared: BodyDigest) {
        known[id]?.body = (own, shared)
        known[id]?.isWithdrawn = false
    }

    /// The fleet's name for the body of a stored entry; nil if it is not known.
    func body(of id: Identifier, _ stored: Entry) -> BodyDigest? {
        guard let body = known[id]?.body, stored.status == .ok, body.own == stored.metadata.digest else { return nil }
        return body.shared
    }

    /// A copy was stored, here or by another replica: what was withdrawn before does not concern it.
    mutating func stored(_ id: Identifier) { known[id]?.isWithdrawn = false }

    /// A new copy is here.
    mutating func keep(_ id: Identifier) {
        stored(id)
        outdated.remove(id)
    }

    /// Messages of others may be missed from now on.
    mutating func disconnected() { for id in known.keys { known[id]?.isWithdrawn = false } }

    /// Another replica has withdrawn a resource of which nothing is known here.
    mutating func withdrawnElsewhere(_ id: Identifier) {
        outdated.insert(id)
        guard outdated.count > Self.mostOutdated else { return }
        outdated = []
        isAllOutdated = true
    }

    /// Whether a copy from the disk may be from before another replica's withdrawal.
    func isOutdated(_ id: Identifier) -> Bool { isAllOutdated || outdated.contains(id) }

    /// Whether this loop has withdrawn the record itself, and none was seen since.
    func isWithdrawn(_ id: Identifier) -> Bool { known[id]?.isWithdrawn == true }

    /// The record is to be withdrawn. False if it was, and was not seen since.
    mutating func withdraw(_ id: Identifier) -> Bool {
        guard known[id]?.isWithdrawn != true else { return false }
        known[id]?.isWithdrawn = true
        return true
    }
}

/// The withdrawals of a loop that the fleet has not finished, and who waits for them.
struct FleetWithdrawals {
    private struct Open {
        let id: Identifier
        var waiting: [() -> Void]
    }

    private var open: [UInt64: Open] = [:]
    /// The last withdrawal of each record, while it is open.
    private var last: [Identifier: UInt64] = [:]

    /// A withdrawal of a record began, under a number of its own.
    mutating func began(_ number: UInt64, of id: Identifier, _ done: @escaping () -> Void) {
        open[number] = Open(id: id, waiting: [done])
        last[id] = number
    }

    /// Waits for the end of the last withdrawal of a record. False if none is open.
    mutating func join(_ id: Identifier, _ done: @escaping () -> Void) -> Bool {
        guard let number = last[id] else { return false }
        open[number]?.waiting.append(done)
        return true
    }

    /// A withdrawal has ended. Returns what to call.
    mutating func ended(_ number: UInt64) -> [() -> Void] {
        guard let ended = open.removeValue(forKey: number) else { return [] }
        if last[ended.id] == number { last[ended.id] = nil }
        return ended.waiting
    }
}
