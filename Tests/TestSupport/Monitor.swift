internal import Threads

/// A value that several threads of a test share: a `Mutex` whose waiters wake after every access.
public final class Monitor<Value>: Sendable {
    private let mutex: Mutex<Value>

    /// A monitor that holds `value`, which the caller uses no more by itself.
    public init(_ value: Value) {
        nonisolated(unsafe) let value = value
        mutex = unsafe Mutex(value)
    }

    /// Reads or changes the value with the lock held, and wakes those who wait for a change.
    public func withValue<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        try mutex.change(body)
    }

    /// Waits until `body` returns a value, and returns it; nil if `timeout` passes first.
    public func wait<Result>(_ timeout: Duration, until body: (inout Value) -> Result?) -> Result? {
        mutex.wait(until: .after(timeout), body)
    }
}

extension Monitor where Value: Sendable {
    /// A copy of the value.
    public var current: Value { withValue { $0 } }
}
