/// Identifies a want while it is under way, and the lease that it asks for.
package struct Ticket: Hashable, Sendable, Comparable {
    package let number: UInt64

    package static func < (one: Ticket, other: Ticket) -> Bool { one.number < other.number }
}

/// What a reply is for. `round` distinguishes the questions of one want: what it asked before a purge no longer counts.
enum PendingReply: Equatable {
    case probe
    case generation(Scope)
    case record(Ticket, round: Int)
    case recordLife(Ticket, round: Int)
    case body(Ticket, round: Int)
    case lease(Ticket, Identifier, round: Int)
    case holder(Ticket, round: Int)
    case holderLife(Ticket, round: Int)
    case extendBody(Ticket)
    case storeBody(Ticket)
    case withdraw(Identifier)
    /// `WATCH`, then `GET`, then the transaction of the comparison with this number. A record has two of the first each.
    case watch(Int)
    case compare(Int)
    /// The number of the last withdrawal, with which a record is compared too.
    case compareNumber(Int)
    /// What is left of the life of an owner's generation.
    case compareLife(Int)
    case write(Int)
    /// `PUBLISH` and `UNWATCH`.
    case unheeded
}

/// Something that is written only if a key has the expected value.
enum Comparison: Equatable {
    /// A generation is written if it is missing, has gone back or a purge is pending.
    case raise(Scope)
    /// These commands are executed if the lease has this token.
    case lease(LeaseComparison)
    /// A withdrawal gets the number after the last one.
    case withdrawal(Identifier)
}

struct LeaseComparison: Equatable {
    /// The want that waits for it; nil if it is over already.
    var ticket: Ticket?
    var resource: Identifier
    var expected: LeaseToken
    var writes: [EngineCommand]
    /// Whether the own lease is put in place of an old one.
    var isTakeover = false
    /// Whether it stores a record.
    var stores = false
}

/// The questions whose replies have not come, in the order of the connection, and the comparisons.
///
/// Comparisons are made one at a time: `EXEC` and `UNWATCH` end every watch of a connection, so a second comparison would
/// lose its own.
struct PendingReplies {
    private var sent: [(pendingReply: PendingReply, at: UInt64)] = []
    private var first = 0
    private var comparisons: [Comparison] = []
    /// The comparison that is under way.
    private(set) var current: Comparison?
    /// Its number. Replies to an earlier one, which has ended with an error, say nothing about it.
    private(set) var number = 0
    /// What its transaction writes as generation, and how many purges it covers.
    var proposal: (value: Generation, purges: UInt64)?
    /// The number that its transaction gives to a withdrawal, and the one before it.
    var withdrawal: (number: UInt64, previous: UInt64)?
    /// The number of the last withdrawal, as the engine has it.
    var lastWithdrawal: UInt64?
    /// What is left of the life of the generation that is compared, in milliseconds; negative if there is none.
    var remaining: Int64 = -2

    /// When the oldest question was sent.
    var oldest: UInt64? { first < sent.count ? sent[first].at : nil }

    mutating func expect(_ pendingReply: PendingReply, now: UInt64) { sent.append((pendingReply, now)) }

    /// The question that the next reply answers.
    mutating func next() -> PendingReply? {
        guard first < sent.count else { return nil }
        defer {
            first += 1
            if first == sent.count || first > 1_024 {
                sent.removeFirst(first)
                first = 0
            }
        }
        return sent[first].pendingReply
    }

    func expects(_ pendingReply: PendingReply) -> Bool { sent[first...].contains { $0.pendingReply == pendingReply } }

    /// Queues a comparison. The same generation is not compared twice at once, nor is a withdrawal.
    mutating func add(_ comparison: Comparison) {
        switch comparison {
        case .raise where comparisons.contains(comparison): return
        case .withdrawal where current == comparison || comparisons.contains(comparison): return
        case .raise, .withdrawal, .lease: break
        }
        comparisons.append(comparison)
    }

    /// The comparison to begin now, if none is under way.
    mutating func begin() -> Comparison? {
        guard current == nil, !comparisons.isEmpty else { return nil }
        current = comparisons.removeFirst()
        number += 1
        return current
    }

    /// The comparison that was under way has ended.
    mutating func finish() -> Comparison? {
        defer {
            current = nil
            proposal = nil
            withdrawal = nil
            lastWithdrawal = nil
            remaining = -2
        }
        return current
    }

    /// Whether the comparison with this number is under way.
    func isCurrent(_ number: Int) -> Bool { current != nil && number == self.number }

    /// Whether nothing is asked, and nothing will be.
    var isEmpty: Bool { first == sent.count && current == nil && comparisons.isEmpty }

    mutating func removeAll() { self = PendingReplies() }
}
