public import Bytes

/// A point in time as HTTP spells it: IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7). Two older forms
/// are read too.
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

/// A day of the Gregorian calendar, from and to days since 1970-01-01.
///
/// Years are counted from March, so that the leap day is the last of its year and months have a regular length; 400 years
/// are 146,097 days.
struct CivilDate {
    let year: Int
    let month: Int
    let day: Int

    init(daysSinceEpoch: Int64) {
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

    static func daysSinceEpoch(year: Int, month: Int, day: Int) -> Int64 {
        let shiftedYear = Int64(month <= 2 ? year - 1 : year)
        let era = floorDivided(shiftedYear, by: 400)
        let yearOfEra = shiftedYear - era * 400
        let monthFromMarch = Int64(month > 2 ? month - 3 : month + 9)
        let dayOfYear = (153 * monthFromMarch + 2) / 5 + Int64(day) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }
}

func floorDivided(_ a: Int64, by b: Int64) -> Int64 { a >= 0 ? a / b : (a - b + 1) / b }
