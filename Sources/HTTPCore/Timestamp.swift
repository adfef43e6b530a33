public import Bytes

/// A point in time as logs spell it: `2026-11-21T08:30:00Z` (RFC 3339).
public enum Timestamp {
    /// Appends the time of a Unix second. Years are 0 to 9999.
    public static func append(_ seconds: Int64, to out: inout ByteBuilder) {
        let days = floorDivided(seconds, by: 86_400)
        let second = Int(seconds - days * 86_400)
        let date = CivilDate(daysSinceEpoch: days)
        append(date.year / 100, "", to: &out)
        append(date.year % 100, "-", to: &out)
        append(date.month, "-", to: &out)
        append(date.day, "T", to: &out)
        append(second / 3600, ":", to: &out)
        append(second / 60 % 60, ":", to: &out)
        append(second % 60, "Z", to: &out)
    }

    private static func append(_ number: Int, _ end: StaticString, to out: inout ByteBuilder) {
        out.append(UInt8(ascii: "0") + UInt8(number / 10))
        out.append(UInt8(ascii: "0") + UInt8(number % 10))
        out.append(end)
    }
}
