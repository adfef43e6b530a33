/// Holds replies back until a test opens it, so that what happens meanwhile can be looked at without a race.
public final class OriginGate: Sendable {
    private let state = Monitor((open: false, waiting: 0))

    /// A closed gate.
    public init() {}

    /// Lets all that wait through, and everyone after them.
    public func open() { state.withValue { $0.open = true } }

    /// Waits until `count` replies stand before the gate.
    public func waitForArrivals(_ count: Int, timeout: Duration = .hang) throws {
        guard state.wait(timeout, until: { $0.waiting >= count || $0.open ? () : nil }) != nil else {
            throw TimedOut("\(count) replies at a gate", after: timeout)
        }
    }

    /// Waits to be let through; false when `isCancelled`, which is asked every few milliseconds, says so first.
    func pass(isCancelled: () -> Bool) -> Bool {
        state.withValue { $0.waiting += 1 }
        defer { state.withValue { $0.waiting -= 1 } }
        while !isCancelled() {
            if state.wait(.milliseconds(10), until: { $0.open ? () : nil }) != nil { return true }
        }
        return false
    }
}
