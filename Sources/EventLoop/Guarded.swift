/// A value that several threads use, one at a time. It is for what the thread pool works on; loops share nothing that they
/// would have to wait for.
@safe public final class Guarded<Value>: Sendable {
    private nonisolated(unsafe) var value: Value
    private let lock = Lock()

    /// The value to begin with.
    public init(_ value: sending Value) { unsafe self.value = value }

    /// Lets `body` use the value by itself; others wait so long.
    public func withValue<Result: Sendable>(_ body: (inout Value) -> Result) -> Result {
        lock.withLock { unsafe body(&value) }
    }
}
