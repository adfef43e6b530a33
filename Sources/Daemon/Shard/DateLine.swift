import Bytes
import HTTPCore

/// The `Date` field line, written once a second, alone and with the fields around it in an answer from the cache.
struct DateLine {
    /// The line.
    private(set) var line = SharedBytes.empty
    /// The fields that follow the prepared head in every answer from the cache, up to the value of `Age`.
    private(set) var beforeAge = SharedBytes.empty
    /// The same for one of Larder's own paths, whose answers web pages of other origins may not read.
    private(set) var beforeAgeOfOwn = SharedBytes.empty
    /// The fields of `beforeAge` for a connection that stays open, with the fields that say so.
    private(set) var beforeAgeKept = SharedBytes.empty
    /// The fields that state how long the connection waits for its next request; empty if that is less than a second.
    let keepAlive: SharedBytes

    private var second: Int64 = .min
    private let allowsAnyOrigin: Bool

    /// `idleTimeout` is in milliseconds.
    ///
    /// `Keep-Alive` has no standard, but many clients respect its `timeout`: they do not send a request on a connection
    /// that is about to close. `Connection` must list it (RFC 9110 section 7.6.1).
    init(allowsAnyOrigin: Bool, idleTimeout: UInt64) {
        self.allowsAnyOrigin = allowsAnyOrigin
        let seconds = idleTimeout / 1_000
        keepAlive =
            seconds == 0 ? .empty : SharedBytes(utf8: "Connection: keep-alive\r\nKeep-Alive: timeout=\(seconds)\r\n")
    }

    /// Rewrites the lines if the second has changed.
    mutating func update(to now: Int64) {
        guard now != second else { return }
        second = now
        var out = ByteBuilder(capacity: 40)
        out.append("Date: ")
        HTTPDate.append(now, to: &out)
        out.append("\r\n")
        line = SharedBytes(copying: out.span)
        beforeAge = prefix(out.span, .empty)
        out.append("Age: ")
        beforeAgeOfOwn = SharedBytes(copying: out.span)
        beforeAgeKept = prefix(line.span, keepAlive)
    }

    private func prefix(_ date: Span<UInt8>, _ connection: SharedBytes) -> SharedBytes {
        var prefix = ByteBuilder(capacity: 160)
        if allowsAnyOrigin { prefix.append("Access-Control-Allow-Origin: *\r\n") }
        prefix.append(date)
        prefix.append(connection.span)
        prefix.append("Age: ")
        return prefix.finish()
    }
}
