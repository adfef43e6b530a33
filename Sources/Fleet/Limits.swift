/// The time limits of a fleet's member, in milliseconds.
///
/// A caller that needs a fetch is answered within `upstreamTimeout + fleetTimeout`, whatever the engine does: asking the
/// engine takes `fleetTimeout` at most, waiting for another replica's fetch ends at `bound`, and a fetch is given what is
/// then left.
package struct Limits: Sendable, Equatable {
    /// The longest that a fetch may take, `upstream.timeout`.
    package var upstreamTimeout: UInt64
    /// The longest wait for a reply of the engine, and for all replies together that a caller waits for, `fleet.timeout`.
    package var fleetTimeout: UInt64
    /// The longest time to make a connection, `fleet.connect_timeout`.
    package var connectTimeout: UInt64
    /// Copies and bodies above this size are neither stored nor taken, in bytes, `fleet.max_value_bytes`.
    package var longestValue: Int
    /// How often the generations are read again.
    package var checkInterval: UInt64 = 5_000
    /// The first and the longest pause before the engine is connected again.
    package var shortestPause: UInt64 = 100
    package var longestPause: UInt64 = 30_000

    /// The defaults are those of the settings.
    package init(
        upstreamTimeout: UInt64 = 10_000, fleetTimeout: UInt64 = 500, connectTimeout: UInt64 = 500,
        longestValue: Int = 8 << 20
    ) {
        self.upstreamTimeout = upstreamTimeout
        self.fleetTimeout = fleetTimeout
        self.connectTimeout = connectTimeout
        self.longestValue = longestValue
    }

    /// How long the engine keeps a lease. It outlives every fetch that is made under it.
    package var leaseDuration: UInt64 { upstreamTimeout + 1_000 }

    /// The age of a lease at which a replica with waiting callers takes it over: its holder may be dead.
    package var patience: UInt64 { upstreamTimeout / 4 }

    /// The longest that callers wait for another replica's fetch. Then their replica fetches alone.
    package var bound: UInt64 { upstreamTimeout / 2 }

    /// The longest random addition to the end of a wait, so that not all who wait ask at once.
    package var longestJitter: UInt64 { fleetTimeout / 2 }

    /// Within `longestJitter`, by `chance` in 0..<1.
    func jitter(_ chance: Double) -> UInt64 { UInt64(Double(longestJitter) * min(max(chance, 0), 1)) }

    /// How long the engine keeps a generation after its last change: 30 days.
    package static let generationLife: UInt64 = 30 * 86_400_000

    /// How long the engine keeps an owner's generation under which nothing is stored: an hour.
    ///
    /// Anyone can send keys that upstream refuses, and each needs a generation, from which all replicas learn of it. When
    /// that expires, the next one is higher, by the wall clock, so no record of before is used again. Members with copies of
    /// the owner in memory have read it by then: they read all that they follow (`Generations.mostOwners`, of which
    /// `Member.ownersPerCheck` for each `checkInterval`) within half an hour. The first record that is stored under it
    /// extends its life to `generationLife`.
    package static let bareGenerationLife: UInt64 = 3_600_000
}

/// The time of an event, and the randomness for what is decided then.
package struct Moment: Sendable {
    /// The monotonic clock, in milliseconds.
    package var now: UInt64
    /// The wall clock, in milliseconds since 1970. Replicas' clocks may differ.
    package var wall: UInt64
    /// A random number in 0..<1.
    package var chance: Double

    package init(now: UInt64, wall: UInt64 = 0, chance: Double = 0) {
        self.now = now
        self.wall = wall
        self.chance = chance
    }
}
