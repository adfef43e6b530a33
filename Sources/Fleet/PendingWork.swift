/// What a member must still send to the engine. It is kept across a restart.
package struct PendingWork: Equatable, Sendable {
    /// The purges that the engine has not got.
    package var purges: [Scope]
    /// The resources whose copies may no longer be shared, which the engine does not know yet.
    package var withdrawals: [Identifier]

    package init(purges: [Scope] = [], withdrawals: [Identifier] = []) {
        self.purges = purges
        self.withdrawals = withdrawals
    }

    /// More is not kept: then everything is purged instead.
    static let most = 10_000

    /// The work as bytes.
    package func encoded() -> [UInt8] {
        if purges.count + withdrawals.count > Self.most { return PendingWork(purges: [.all]).encoded() }
        var writer = WireWriter(mark: .pending)
        writer.number(UInt32(purges.count))
        for scope in purges { scope.write(to: &writer) }
        writer.number(UInt32(withdrawals.count))
        for id in withdrawals { writer.identifier(id) }
        return writer.bytes
    }

    /// Reads what `encoded` wrote.
    package init(decoding bytes: [UInt8]) throws(WireProblem) {
        var reader = try WireReader(bytes, mark: .pending, atMost: 32 * Self.most, "the pending work")
        self.init()
        let purgeCount: UInt32 = try reader.number("the count")
        guard purgeCount <= Self.most else { throw .badValue(field: "the count") }
        for _ in 0..<purgeCount { purges.append(try Scope(from: &reader)) }
        let withdrawalCount: UInt32 = try reader.number("the count")
        guard withdrawalCount <= Self.most else { throw .badValue(field: "the count") }
        for _ in 0..<withdrawalCount { withdrawals.append(try reader.identifier("the resource")) }
        try reader.end()
    }
}

/// What a member has counted.
package struct MemberCounts: Equatable, Sendable {
    /// The copies that it has stored for the others.
    package var stored: UInt64 = 0
    /// How often it has begun to wait for another member's fetch.
    package var waits: UInt64 = 0
    /// How many members got its last message, itself included.
    package var members = 0

    package init() {}
}

/// The generations that a process knew, as they are kept for the next one.
package enum KnownNumbers {
    /// The numbers as bytes.
    package static func encoded(_ numbers: [Scope: UInt64]) -> [UInt8] {
        var writer = WireWriter(mark: .numbers)
        for scope in Generations.common { writer.number(numbers[scope] ?? 0) }
        return writer.bytes
    }

    /// Reads what `encoded` wrote; nothing is known from other bytes.
    package static func decoded(_ bytes: [UInt8]) -> [Scope: UInt64] {
        var numbers: [Scope: UInt64] = [:]
        do throws(WireProblem) {
            var reader = try WireReader(bytes, mark: .numbers, atMost: 64, "the numbers")
            for scope in Generations.common {
                let number: UInt64 = try reader.number("the generation")
                if number > 0, number < Generation.largest { numbers[scope] = number }
            }
            try reader.end()
        } catch {
            return [:]
        }
        return numbers
    }
}
