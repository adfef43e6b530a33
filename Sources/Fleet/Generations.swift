/// The value of a generation's key.
package struct Generation: Hashable, Sendable {
    /// It grows with every purge. A new line of numbers, which begins when the engine has lost the key, starts at the wall
    /// clock's milliseconds, so that it is above what was lost.
    package var number: UInt64
    /// The earlier number whose copies in memory stay usable, 0 for none: the engine had lost the key, and nothing was
    /// purged. Records of the earlier number are not used, since a purge may have been lost with the key.
    package var keeps: UInt64

    package init(number: UInt64, keeps: UInt64 = 0) {
        self.number = number
        self.keeps = keeps
    }

    /// No number is above this, or there would be no room for the next.
    static let largest: UInt64 = 1 << 62

    func write(to writer: inout WireWriter) {
        writer.number(number)
        writer.number(keeps)
    }

    init(from reader: inout WireReader) throws(WireProblem) {
        number = try reader.number("the generation")
        keeps = try reader.number("the generation")
        guard number > 0, number < Self.largest, keeps < number else { throw .badValue(field: "the generation") }
    }

    /// The value of a generation's key.
    package var encoded: [UInt8] { WireWriter.bytes(write) }

    /// Reads the value of a generation's key.
    package init(decoding bytes: [UInt8]) throws(WireProblem) {
        self = try WireReader.whole(bytes, Generation.init(from:))
    }
}

/// The generations under which a copy was fetched; 0 for a scope that does not concern it.
package struct Stamp: Hashable, Sendable {
    package var all: UInt64
    package var catalogue: UInt64
    package var owner: UInt64

    package init(all: UInt64, catalogue: UInt64 = 0, owner: UInt64 = 0) {
        self.all = all
        self.catalogue = catalogue
        self.owner = owner
    }

    func write(to writer: inout WireWriter) {
        writer.number(all)
        writer.number(catalogue)
        writer.number(owner)
    }

    init(from reader: inout WireReader) throws(WireProblem) {
        all = try reader.number("the generation")
        catalogue = try reader.number("the generation")
        owner = try reader.number("the generation")
    }
}

/// What one member knows of the generations.
///
/// A record is used only if its numbers equal the known ones, so a lost message or a lost key costs a fetch and never
/// brings back what was purged. A known number never decreases. Purges that the engine has not got yet are kept until it
/// has; meanwhile no record in their scope is used.
package struct Generations {
    private struct Known {
        var number: UInt64?
        /// Whether the number was read on this connection.
        var isVerified = false
        /// How often copies of this scope were dropped here. A fetch that began before a drop is not kept.
        var drops: UInt64 = 0
        /// How often the scope was purged here since the engine last got a purge; 0: the engine has all.
        var pending: UInt64 = 0
        /// Whether copies of this owner may be in memory here.
        var isHeld = false
    }

    private var scopes: [Scope: Known]

    /// The most owners whose generations are followed. The copies of others are not shared.
    package static let mostOwners = 4_096

    /// `pending` are purges of an earlier process that the engine has not got; `known` are the numbers that it knew.
    package init(pending: [Scope] = [], known: [Scope: UInt64] = [:]) {
        scopes = [.all: Known(), .catalogue: Known(), .withdrawals: Known()]
        for scope in Self.common where known[scope] != nil { scopes[scope]?.number = known[scope] }
        for scope in pending { scopes[scope, default: Known()].pending = 1 }
    }

    // MARK: What its owner asks

    /// The scopes that every member follows.
    static let common: [Scope] = [.withdrawals, .all, .catalogue]

    /// Every scope that is followed: first the common ones, then the owners in the order of their digests.
    package var followed: [Scope] {
        Self.common
            + scopes.keys.compactMap { scope in if case .owner(let owner) = scope { owner } else { nil } }
            .sorted { ($0.high, $0.low) < ($1.high, $1.low) }.map(Scope.owner)
    }

    /// The purges that the engine has not got.
    package var pending: [Scope] { followed.filter { isPending($0) } }

    package func isPending(_ scope: Scope) -> Bool { scopes[scope].map { $0.pending > 0 } ?? false }

    /// The scopes of a resource that must be read before records of it can be used.
    package func unread(of resource: FleetResource) -> [Scope] {
        resource.scopes.filter { scopes[$0].map { $0.number == nil || !$0.isVerified || $0.pending > 0 } ?? true }
    }

    /// The stamp of a fetch that begins now; nil if a generation is not known.
    package func stamp(of resource: FleetResource) -> Stamp? {
        guard unread(of: resource).isEmpty, let all = scopes[.all]?.number else { return nil }
        return Stamp(
            all: all, catalogue: resource.isOfCatalogue ? scopes[.catalogue]?.number ?? 0 : 0,
            owner: resource.owner.flatMap { scopes[.owner($0)]?.number } ?? 0)
    }

    /// How often copies of this resource were dropped: it differs before and after a purge or a missed withdrawal.
    package func drops(of resource: FleetResource) -> UInt64 {
        (resource.scopes + [.withdrawals]).reduce(0) { $0 + (scopes[$1]?.drops ?? 0) }
    }

    /// How often the scope was purged here since the engine last got a purge.
    package func purgeCount(_ scope: Scope) -> UInt64 { scopes[scope]?.pending ?? 0 }

    package func number(_ scope: Scope) -> UInt64? { scopes[scope]?.number }

    // MARK: What happens

    /// Begins to follow the scope of an owner, of whom copies may be held from now on. False if there are too many.
    package mutating func follow(_ resource: FleetResource) -> Bool {
        guard let owner = resource.owner else { return true }
        guard scopes[.owner(owner)] != nil || scopes.count < Self.mostOwners + Self.common.count else { return false }
        scopes[.owner(owner), default: Known()].isHeld = true
        return true
    }

    /// No copy of this owner is held any more.
    mutating func release(_ owner: Identifier) { scopes[.owner(owner)]?.isHeld = false }

    /// Whether the generation of this scope is followed.
    func follows(_ scope: Scope) -> Bool { scopes[scope] != nil }

    /// Whether copies of this owner may be held.
    func holds(_ owner: Identifier) -> Bool { scopes[.owner(owner)]?.isHeld ?? false }

    /// No copy of this owner is held or fetched any more. It is followed on if the engine does not know of a purge yet.
    package mutating func forget(_ owner: Identifier) {
        if !isPending(.owner(owner)) { scopes[.owner(owner)] = nil }
    }

    /// The connection has ended: every number must be read again.
    package mutating func connectionLost() {
        for scope in scopes.keys { scopes[scope]?.isVerified = false }
    }

    /// The scope is purged on this member. False if the engine cannot get the purge: too many owners are followed.
    package mutating func purged(_ scope: Scope) -> Bool {
        guard scopes[scope] != nil || scopes.count < Self.mostOwners + Self.common.count else { return false }
        scopes[scope, default: Known()].pending += 1
        scopes[scope, default: Known()].drops += 1
        return true
    }

    /// What a reading means.
    package enum Reading: Equatable, Sendable {
        /// Nothing new.
        case current
        /// The number is new. `drops`: copies in memory are older than it.
        case adopted(drops: Bool)
        /// The key must be written: it is missing, has gone back, or a purge is pending.
        case mustWrite
    }

    /// The engine has answered with the value of the scope's key; nil if there is none.
    package mutating func read(_ scope: Scope, _ value: Generation?) -> Reading {
        // Its owner was forgotten meanwhile.
        guard var known = scopes[scope] else { return .current }
        guard let value, known.pending == 0, value.number >= known.number ?? 0 else { return .mustWrite }
        known.isVerified = true
        defer { scopes[scope] = known }
        return Self.adopt(value, &known)
    }

    private static func adopt(_ value: Generation, _ known: inout Known) -> Reading {
        if known.number == value.number { return .current }
        let drops = known.number == nil || value.keeps != known.number
        known.number = value.number
        if drops { known.drops += 1 }
        return .adopted(drops: drops)
    }

    /// What to write instead of `value`; nil if it is fine by now.
    package func proposal(for scope: Scope, insteadOf value: Generation?, wall: UInt64) -> Generation? {
        guard let known = scopes[scope] else { return nil }
        let next = max(max(value?.number ?? 0, known.number ?? 0) + 1, min(wall, Generation.largest / 2))
        if known.pending > 0 { return Generation(number: next) }
        guard let value else { return Generation(number: next, keeps: known.number ?? 0) }
        // Who knows the lower number may have missed a purge that the engine has lost, and who knows the higher one those
        // that came since. So nobody's copies stay.
        return value.number < known.number ?? 0 ? Generation(number: next) : nil
    }

    /// The engine has taken `value`. `purges` is the purge count when it was proposed.
    package mutating func wrote(_ scope: Scope, _ value: Generation, purges: UInt64) -> Reading {
        guard var known = scopes[scope] else { return .current }
        defer { scopes[scope] = known }
        known.isVerified = true
        if purges > 0 {
            // The purge dropped everything here when it began, and what was fetched since is as new as it.
            if known.pending == purges { known.pending = 0 }
            if known.number == nil || value.number > known.number ?? 0 { known.number = value.number }
            return .adopted(drops: false)
        }
        return value.number > known.number ?? 0 ? Self.adopt(value, &known) : .current
    }

    /// A withdrawal has this number, and its copy is dropped here. If another came in between, all copies in memory are
    /// dropped.
    package mutating func withdrew(number: UInt64, previous: UInt64) -> Reading {
        heard(.withdrawals, Generation(number: number, keeps: previous))
    }

    /// The number of the next withdrawal, and of the one before it; 0 if the engine has lost that.
    package func nextWithdrawal(after value: Generation?, wall: UInt64) -> (number: UInt64, previous: UInt64) {
        let known = scopes[.withdrawals]?.number ?? 0
        if let value, value.number >= known { return (value.number + 1, value.number) }
        return (max(known + 1, min(wall, Generation.largest / 2)), 0)
    }

    /// A message says that the scope has this generation. `mustWrite` if a higher one is known: the message is late, or the
    /// engine has lost the key and a member with a slow clock began again below, which reading the key will show.
    package mutating func heard(_ scope: Scope, _ value: Generation) -> Reading {
        // Of an owner who is not followed, nothing is held.
        guard var known = scopes[scope] else { return .current }
        guard value.number >= known.number ?? 0 else { return .mustWrite }
        defer { scopes[scope] = known }
        return Self.adopt(value, &known)
    }
}
