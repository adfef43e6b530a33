import Bytes
import HTTPCore

/// The `Date` field line, written once a second, by itself and with what stands around it in an answer from the cache.
struct DateLine {
    /// The line.
    private(set) var line = SharedBytes.empty
    /// The fields that every answer from the cache has behind its own head, up to the value of `Age`.
    private(set) var beforeAge = SharedBytes.empty

    private var second: Int64 = .min
    private let allowsAnyOrigin: Bool

    init(allowsAnyOrigin: Bool) { self.allowsAnyOrigin = allowsAnyOrigin }

    /// Writes the lines anew if the second has changed.
    mutating func update(to now: Int64) {
        guard now != second else { return }
        second = now
        var out = ByteBuilder(capacity: 40)
        out.append("Date: ")
        HTTPDate.append(now, to: &out)
        out.append("\r\n")
        line = SharedBytes(copying: out.span)
        var prefix = ByteBuilder(capacity: 80)
        if allowsAnyOrigin { prefix.append("Access-Control-Allow-Origin: *\r\n") }
        prefix.append(out.span)
        prefix.append("Age: ")
        beforeAge = prefix.finish()
    }
}
