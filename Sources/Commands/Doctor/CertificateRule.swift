import Bytes

/// Whether a certificate ends soon.
package enum CertificateRule {
    /// How many days before the end a warning begins.
    package static let days: Int64 = 14

    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// A time as OpenSSL writes it, such as `Nov 25 12:00:00 2026 GMT`, in Unix seconds; nil if it is none.
    package static func time(_ text: String) -> Int64? {
        let words = text.split(separator: " ")
        guard words.count >= 4, let month = months.firstIndex(of: String(words[0])), let day = Int(words[1]),
            (1...31).contains(day), let year = Int(words[3]), (1970...9999).contains(year)
        else { return nil }
        let clock = words[2].split(separator: ":").compactMap { Int64($0) }
        guard clock.count == 3, clock.allSatisfy({ (0...60).contains($0) }) else { return nil }
        return CivilDate.daysSinceEpoch(year: year, month: month + 1, day: day) * 86_400 + clock[0] * 3_600
            + clock[1] * 60 + clock[2]
    }

    /// A sentence about the first of some ends that is near; nil if none is. `now` is in Unix seconds.
    package static func warning(_ ends: [String], now: Int64) -> String? {
        let near = ends.compactMap(time).map { $0.subtractingSaturated(now) }.min()
        guard let left = near, left < days * 86_400 else { return nil }
        let span = left < 86_400 ? "less than a day" : left < 2 * 86_400 ? "1 day" : "\(left / 86_400) days"
        return "a certificate ends in \(span): whoever runs that server must renew it, or fetches will fail"
    }
}
