import Synchronization

/// How many connections all loops have open together.
///
/// The kernel spreads connections over the loops by a hash, not evenly, so a limit for each loop would be reached on one of
/// them while there is room on another. It is the one number that loops share; each touches it when a connection comes or
/// goes, never on a request.
final class OpenConnections: Sendable {
    private let count = Atomic(0)
    private let most: Atomic<Int>

    /// None yet, of `most` at once.
    init(most: Int) { self.most = Atomic(most) }

    /// Allows more or fewer from now on. Those that are open stay.
    func allow(_ number: Int) { most.store(number, ordering: .relaxed) }

    /// One more is open.
    func opened() { count.wrappingAdd(1, ordering: .relaxed) }

    /// One less is open.
    func closed() { count.wrappingSubtract(1, ordering: .relaxed) }

    /// Whether the next one has to wait. Loops that ask at the same moment may each let one in.
    var isFull: Bool { count.load(ordering: .relaxed) >= most.load(ordering: .relaxed) }
}
