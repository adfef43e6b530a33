/// A day of the Gregorian calendar, from and to days since 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last of its year and months have a regular length; 400 years
/// are 146,097 days.
package struct CivilDate {
    package let year: Int
    /// 1 to 12.
    package let month: Int
    /// 1 to 31.
    package let day: Int

    package init(daysSinceEpoch: Int64) {
        let shifted = daysSinceEpoch + 719_468
        let era = floorDivided(shifted, by: 146_097)
        let dayOfEra = Int(shifted - era * 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthFromMarch = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * monthFromMarch + 2) / 5 + 1
        month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9
        year = yearOfEra + Int(era) * 400 + (month <= 2 ? 1 : 0)
    }

    package static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int64 {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let era = floorDivided(shiftedYear, by: 400)
        let yearOfEra = shiftedYear - era * 400
        let monthFromMarch = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

/// The quotient rounded down, also for a negative number.
package func floorDivided(_ a: Int64, by b: Int64) -> Int64 { a >= 0 ? a / b : (a - b + 1) / b }

/// A point in time as logs write it: `2026-11-21T08:30:00Z` (RFC 3339).
public enum Timestamp {
    /// Appends the time of a Unix second. Years are 0 to 9999; a time beyond them is written as the bound.
    public static func append(_ seconds: Int64, to out: inout ByteBuilder) {
        let seconds = clamped(seconds)
        let days = floorDivided(seconds, by: 86_400)
        let second = Int(seconds - days * 86_400)
        append(CivilDate(daysSinceEpoch: days), "T", to: &out)
        append(second / 3600, ":", to: &out)
        append(second / 60 % 60, ":", to: &out)
        append(second % 60, "Z", to: &out)
    }

    /// Appends the day of a Unix second, such as `2026-11-21`.
    package static func appendDay(_ seconds: Int64, to out: inout ByteBuilder) {
        append(CivilDate(daysSinceEpoch: floorDivided(clamped(seconds), by: 86_400)), "", to: &out)
    }

    private static func clamped(_ seconds: Int64) -> Int64 { min(max(seconds, -62_167_219_200), 253_402_300_799) }

    private static func append(_ date: CivilDate, _ end: StaticString, to out: inout ByteBuilder) {
        append(date.year / 100, "", to: &out)
        append(date.year % 100, "-", to: &out)
        append(date.month, "-", to: &out)
        append(date.day, end, to: &out)
    }

    private static func append(_ number: Int, _ end: StaticString, to out: inout ByteBuilder) {
        out.append(UInt8(ascii: "0") + UInt8(number / 10))
        out.append(UInt8(ascii: "0") + UInt8(number % 10))
        out.append(end)
    }
}

/// Durations as `500ms`, `10s`, `5m`, `1h` or `2d`: a whole number and one unit.
package enum DurationText {
    private static let units: [(suffix: String, milliseconds: Int64)] = [
        ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1),
    ]

    /// The duration that a text names, or nil when it names none or one that 64 bits of milliseconds cannot hold.
    package static func parse(_ text: String) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count)
        guard let unit = units.first(where: { $0.suffix == suffix }), let count = Int64(digits) else { return nil }
        let (milliseconds, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
        return overflow ? nil : .milliseconds(milliseconds)
    }

    /// The same in seconds. Nil also for a duration in milliseconds.
    package static func seconds(_ text: String) -> Int64? {
        text.hasSuffix("ms") ? nil : parse(text)?.components.seconds
    }

    /// The duration in the largest unit that gives a whole number. Fractions of a millisecond are dropped.
    package static func show(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        if milliseconds == 0 { return "0s" }
        for unit in units where milliseconds % unit.milliseconds == 0 {
            return "\(milliseconds / unit.milliseconds)\(unit.suffix)"
        }
        return "\(milliseconds)ms"
    }
}

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
