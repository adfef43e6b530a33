import Glibc

/// What a helper throws when something did not happen in time.
public struct TimedOut: Error, CustomStringConvertible {
    /// What was waited for, and for how long.
    public let description: String

    /// An error that says what was waited for.
    public init(_ what: String, after timeout: Duration) { description = "timed out after \(timeout): \(what)" }
}

/// Asks `condition` again and again, a few milliseconds apart, until it holds; throws `TimedOut` when it never does.
///
/// For what can only be asked, such as a file that appears. Where something can be waited for, wait for it.
public func eventually(
    _ what: String, within timeout: Duration = .hang, _ condition: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + timeout
    while try !condition() {
        guard ContinuousClock.now < deadline else { throw TimedOut(what, after: timeout) }
        usleep(5_000)
    }
}

extension Duration {
    /// How long a test waits before it takes something for hung. It says nothing about speed: under a sanitizer, or on a
    /// machine with other work, everything takes many times as long.
    public static let hang: Duration = .seconds(240)
}
