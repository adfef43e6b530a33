public import Bytes

/// A point in time as HTTP writes it: IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7). Two older
/// forms are accepted too.
public enum HTTPDate {
    /// The number of bytes of every date that is written.
    public static let length = 29

    /// Appends the date of a Unix time in seconds. Years are 1970 to 9999.
    public static func append(_ seconds: Int64, to out: inout ByteBuilder) {
        let days = floorDivided(seconds, by: 86_400)
        let second = Int(seconds - days * 86_400)
        let date = CivilDate(daysSinceEpoch: days)
        out.append(name(weekdays, Int((days % 7 + 11) % 7)))
        out.append(", ")
        appendTwoDigits(date.day, to: &out)
        out.append(UInt8(ascii: " "))
        out.append(name(months, date.month - 1))
        out.append(UInt8(ascii: " "))
        appendTwoDigits(date.year / 100, to: &out)
        appendTwoDigits(date.year % 100, to: &out)
        out.append(UInt8(ascii: " "))
        appendTwoDigits(second / 3600, to: &out)
        out.append(UInt8(ascii: ":"))
        appendTwoDigits(second / 60 % 60, to: &out)
        out.append(UInt8(ascii: ":"))
        appendTwoDigits(second % 60, to: &out)
        out.append(" GMT")
    }

    static let weekdays: InlineArray<7, StaticString> = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    static let months: InlineArray<12, StaticString> = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    private static func name<let size: Int>(_ names: InlineArray<size, StaticString>, _ index: Int) -> StaticString {
        names[index]
    }

    private static func appendTwoDigits(_ number: Int, to out: inout ByteBuilder) {
        out.append(UInt8(ascii: "0") + UInt8(number / 10))
        out.append(UInt8(ascii: "0") + UInt8(number % 10))
    }
}

extension HTTPDate {
    /// The Unix time of a date in any of the three forms that a recipient must accept (RFC 9110 section 5.6.7), or nil
    /// if the text is not a date:
    ///
    ///     Sun, 06 Nov 1994 08:49:37 GMT     IMF-fixdate, the one that is sent
    ///     Sunday, 06-Nov-94 08:49:37 GMT    RFC 850
    ///     Sun Nov  6 08:49:37 1994          asctime() of ANSI C
    ///
    /// The weekday must be valid, but need not match the date. A two-digit year is the latest one that ends in these
    /// digits and is at most 50 years after `now` (Unix seconds).
    public static func parse(_ text: Span<UInt8>, now: @autoclosure () -> Int64) -> Int64? {
        guard text.count >= asctimeLength else { return nil }
        if text[3] == UInt8(ascii: " ") { return asctime(text) }
        if text[3] == UInt8(ascii: ",") { return fixdate(text) }
        return longDate(text, now: now())
    }

    private static let asctimeLength = 24

    private static func fixdate(_ text: Span<UInt8>) -> Int64? {
        guard text.count == length, hasShortWeekday(text), text.extracting(3..<5).equals(", "),
            text[7] == UInt8(ascii: " "), text[11] == UInt8(ascii: " "), text[16] == UInt8(ascii: " "),
            text.extracting(25..<29).equals(" GMT"),
            let day = number(text, 5, 2), let month = month(text, 8), let year = number(text, 12, 4),
            let time = timeOfDay(text, 17)
        else { return nil }
        return seconds(year: year, month: month, day: day, time: time)
    }

    private static func asctime(_ text: Span<UInt8>) -> Int64? {
        guard text.count == asctimeLength, hasShortWeekday(text), text[7] == UInt8(ascii: " "),
            text[10] == UInt8(ascii: " "), text[19] == UInt8(ascii: " "),
            let month = month(text, 4),
            let day = text[8] == UInt8(ascii: " ") ? number(text, 9, 1) : number(text, 8, 2),
            let time = timeOfDay(text, 11), let year = number(text, 20, 4)
        else { return nil }
        return seconds(year: year, month: month, day: day, time: time)
    }

    private static func longDate(_ text: Span<UInt8>, now: Int64) -> Int64? {
        guard let comma = text.firstIndex(of: UInt8(ascii: ",")), text.count == comma + 24,
            (0..<7).contains(where: { text.extracting(0..<comma).equals(longWeekdays[$0]) })
        else { return nil }
        let date = text.extracting(comma..<text.count)
        guard date.extracting(0..<2).equals(", "), date[4] == UInt8(ascii: "-"), date[8] == UInt8(ascii: "-"),
            date[11] == UInt8(ascii: " "), date.extracting(20..<24).equals(" GMT"),
            let day = number(date, 2, 2), let month = month(date, 5), let twoDigits = number(date, 9, 2),
            let time = timeOfDay(date, 12)
        else { return nil }
        // Times outside the years that a date can have are clamped to that range.
        let now = min(max(now, 0), 253_402_300_799)
        let thisYear = CivilDate(daysSinceEpoch: now / 86_400).year
        var year = thisYear / 100 * 100 + 100 + twoDigits
        func isFar() -> Bool {
            let days = CivilDate.daysSinceEpoch(year: year - 50, month: month, day: day)
            return days * 86_400 + Int64(time) > now
        }
        while isFar() { year -= 100 }
        return seconds(year: year, month: month, day: day, time: time)
    }

    private static let longWeekdays: InlineArray<7, StaticString> = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    private static func hasShortWeekday(_ text: Span<UInt8>) -> Bool {
        (0..<7).contains { text.extracting(0..<3).equals(weekdays[$0]) }
    }

    /// The month whose name is at `start`, counted from 1.
    private static func month(_ text: Span<UInt8>, _ start: Int) -> Int? {
        (0..<12).first { text.extracting(start..<start + 3).equals(months[$0]) }.map { $0 + 1 }
    }

    /// The seconds since midnight for the `hh:mm:ss` at `start`; a leap second is allowed.
    private static func timeOfDay(_ text: Span<UInt8>, _ start: Int) -> Int? {
        guard text[start + 2] == UInt8(ascii: ":"), text[start + 5] == UInt8(ascii: ":"),
            let hour = number(text, start, 2), let minute = number(text, start + 3, 2),
            let second = number(text, start + 6, 2), hour < 24, minute < 60, second < 61
        else { return nil }
        return hour * 3600 + minute * 60 + second
    }

    private static func seconds(year: Int, month: Int, day: Int, time: Int) -> Int64? {
        guard (1...31).contains(day) else { return nil }
        let days = CivilDate.daysSinceEpoch(year: year, month: month, day: day)
        // A day past the end of its month counts into the next month.
        guard CivilDate(daysSinceEpoch: days).day == day else { return nil }
        return days * 86_400 + Int64(time)
    }

    private static func number(_ text: Span<UInt8>, _ start: Int, _ digits: Int) -> Int? {
        var value = 0
        for index in start..<start + digits {
            let digit = text[index] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            value = value * 10 + Int(digit)
        }
        return value
    }
}
