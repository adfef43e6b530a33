/// A point in time, read from and written as text (RFC 3339), in whole seconds.
public struct Instant: Equatable, Sendable {
    /// Seconds since 1970.
    public let seconds: Int64

    /// The time of a Unix second.
    public init(seconds: Int64) { self.seconds = seconds }

    /// Reads `2026-11-29` (its first second) or a time such as `2026-11-29T08:30:00Z`, `2026-11-29 08:30:00.5+01:00`. A
    /// fraction of a second is dropped. Nil for anything else, such as a day that does not exist or a time without a zone.
    public init?(_ text: String) {
        var reader = DigitReader(Array(text.utf8))
        guard let year = reader.number(4), reader.take("-"), let month = reader.number(2), reader.take("-"),
            let day = reader.number(2), 1...12 ~= month, 1...31 ~= day
        else { return nil }
        let days = CivilDate.daysSinceEpoch(year: year, month: month, day: day)
        // A day past the end of its month counts into the next month.
        guard CivilDate(daysSinceEpoch: days).day == day else { return nil }
        let midnight = days * 86_400
        if reader.isAtEnd {
            seconds = midnight
            return
        }
        guard reader.take("T") || reader.take("t") || reader.take(" "), let hour = reader.number(2), reader.take(":"),
            let minute = reader.number(2), reader.take(":"), let second = reader.number(2), hour < 24, minute < 60,
            second <= 60, reader.skipFraction(), let offset = reader.offset(), reader.isAtEnd
        else { return nil }
        // A leap second is the first second of the next minute.
        seconds = midnight + Int64(hour * 3600 + minute * 60 + second) - Int64(offset)
    }

    /// The time in the form `2026-11-29T08:30:00Z`. Years are 0 to 9999; a time beyond them is given as the bound.
    public var text: String {
        var out = ByteBuilder(capacity: 20)
        Timestamp.append(seconds, to: &out)
        return out.span.text()
    }

    /// The day in the form `2026-11-29`, within the same bounds.
    public var day: String {
        var out = ByteBuilder(capacity: 10)
        Timestamp.appendDay(seconds, to: &out)
        return out.span.text()
    }
}

/// Reads digits and separators one after the other.
private struct DigitReader {
    private let bytes: [UInt8]
    private var at = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at == bytes.count }

    mutating func number(_ digits: Int) -> Int? {
        guard at + digits <= bytes.count else { return nil }
        var value = 0
        for index in at..<at + digits {
            let digit = bytes[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        at += digits
        return value
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard at < bytes.count, bytes[at] == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }

    /// False if there is a point without a digit after it.
    mutating func skipFraction() -> Bool {
        guard take(".") else { return true }
        let start = at
        while at < bytes.count, bytes[at] &- UInt8(ascii: "0") < 10 { at += 1 }
        return at > start
    }

    /// Seconds that the zone is ahead of UTC.
    mutating func offset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let isAhead = take("+")
        guard isAhead || take("-"), let hours = number(2), take(":"), let minutes = number(2), hours < 24, minutes < 60
        else { return nil }
        return (hours * 3600 + minutes * 60) * (isAhead ? 1 : -1)
    }
}
