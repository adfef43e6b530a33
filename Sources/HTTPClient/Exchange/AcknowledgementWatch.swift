import Bytes

/// Measures for how long nobody has acknowledged what was sent on a connection, from looks at it now and then.
///
/// If the other end is gone, or the path to it, the kernel sends again for a quarter of an hour. `TCP_USER_TIMEOUT`
/// ends that sooner, but also ends a connection whose peer acknowledges all that it has got and has no room for more: a
/// slow upload (Linux counts the time of a closed window too). What the kernel reports distinguishes the two
/// (`TCP_INFO`).
package struct AcknowledgementWatch {
    /// What the kernel reports about a connection.
    package struct Report: Equatable {
        /// Whether data was sent that is not acknowledged, or repeated probes of a closed window are not answered. A
        /// peer that is there answers each of them.
        package let isWaiting: Bool
        /// The time since the last acknowledgement, in milliseconds.
        package let sinceLast: UInt64

        package init(isWaiting: Bool, sinceLast: UInt64) {
            self.isWaiting = isWaiting
            self.sinceLast = sinceLast
        }
    }

    /// The kernel's times are less exact than the loop's, in milliseconds.
    static let inaccuracy: UInt64 = 50

    /// When a look first found data that is still not acknowledged.
    private var since: UInt64?

    package init() {}

    /// Looks at the connection at `now`, in milliseconds. Returns for how long at least nobody has acknowledged what
    /// was sent: the time since the first look that found it so.
    package mutating func look(_ report: Report, at now: UInt64) -> UInt64 {
        guard report.isWaiting else {
            since = nil
            return 0
        }
        let last = now.subtractingSaturated(report.sinceLast)
        if let since, last.addingSaturated(Self.inaccuracy) < since { return now.elapsed(since: since) }
        // Something was acknowledged since the last look, so what waits now may be newer.
        since = now
        return 0
    }
}
