/// Some minutes of the day in UTC, the same on every day: when prices change that hold for certain hours only.
public struct DayMinutes: Equatable, Sendable {
    /// The minutes since midnight, each once, in ascending order.
    public let minutes: [Int]

    /// No minute at all.
    public static let none = DayMinutes([])

    /// The set of these minutes, each of them in 0..<1440.
    public init(_ minutes: some Sequence<Int>) {
        var sorted: [Int] = []
        for minute in minutes.sorted() where sorted.last != minute { sorted.append(minute) }
        self.minutes = sorted
    }

    /// The minute that a clock shows as the number HHMM: 400 is 04:00, and 2400 is midnight as 0 is. Nil if no clock does.
    public static func minute(ofClock clock: Int64) -> Int? {
        guard 0...2400 ~= clock, clock % 100 < 60 else { return nil }
        return Int(clock / 100 % 24 * 60 + clock % 100)
    }

    /// The first second at which one of the minutes begins after `wallSeconds`, both in seconds since 1970; nil if there is
    /// no minute.
    public func next(after wallSeconds: Int64) -> Int64? {
        guard let first = minutes.first else { return nil }
        let second = wallSeconds % 86_400
        // What lies before 1970 leaves a negative rest.
        let midnight = wallSeconds - (second < 0 ? second + 86_400 : second)
        for minute in minutes where midnight + Int64(minute) * 60 > wallSeconds { return midnight + Int64(minute) * 60 }
        return midnight + 86_400 + Int64(first) * 60
    }
}
