import Bytes
import HTTPCore

/// The `Date` field line, written once a second.
struct DateLine {
    /// The second that the line tells.
    private(set) var second: Int64 = .min
    private(set) var line = SharedBytes.empty

    /// Writes the line anew if the second has changed.
    mutating func update(to now: Int64) {
        guard now != second else { return }
        second = now
        var out = ByteBuilder(capacity: 40)
        out.append("Date: ")
        HTTPDate.append(now, to: &out)
        out.append("\r\n")
        line = out.finish()
    }
}
