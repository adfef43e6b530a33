import Bytes
import HTTPCore

/// Whether this machine's clock agrees with upstream's.
enum ClockRule {
    /// What counts as agreement, in seconds: `Date` has whole seconds, and the answer was on its way for a while.
    static let tolerance: Int64 = 5

    /// What a `Date` field says of a clock that shows `now`, in seconds since 1970. An answer that a cache kept is older by its
    /// `Age`.
    static func finding(date: String?, age: String?, now: Int64) -> Diagnosis {
        guard let date else { return Diagnosis("clock", .skip, "upstream does not say what time it is") }
        let bytes = Array(date.utf8)
        guard let sent = HTTPDate.parse(bytes.span, now: now) else {
            return Diagnosis("clock", .warn, "upstream's Date is not a date: \(date)")
        }
        let skew = now - sent - max(0, age.flatMap { Int64($0) } ?? 0)
        if abs(skew) <= tolerance { return Diagnosis("clock", .ok, "agrees with upstream's within \(tolerance) s") }
        let direction = skew > 0 ? "ahead of" : "behind"
        return Diagnosis(
            "clock", .warn,
            "\(AgeText.short(Int(abs(skew)))) \(direction) upstream's: set this machine's clock (timedatectl set-ntp true), "
                + "or models' ages and the freshness of stored copies are wrong")
    }
}
