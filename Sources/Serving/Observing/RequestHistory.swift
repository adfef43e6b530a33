/// The last hour in steps of ten seconds.
///
/// Nothing is recorded here: each point is the difference between the running totals at its two ends, so it costs a request
/// nothing.
public struct RequestHistory: Sendable {
    /// What happened in one step.
    public struct Point: Sendable, Equatable {
        /// The Unix second at which it began, a multiple of the step.
        public let time: Int64
        /// The requests in it.
        public var totals: RequestTotals
        /// How long they took.
        public var durations: [DurationHistogram.Share]
    }

    /// The length of a step in seconds.
    public static let step: Int64 = 10
    /// The most points that are kept.
    public static let mostPoints = 360

    private var points: [Point] = []
    /// Where the oldest point is, once there are as many as are kept.
    private var oldest = 0
    private var begun: Int64?
    private var totalsAtStart = RequestTotals()
    private var durationsAtStart = DurationHistogram()

    /// No point yet.
    public init() {}

    /// Whether the step in hand is over; then `tick` is to be called. To be asked at least once a step.
    public func isDue(wallSeconds: Int64) -> Bool { begun != wallSeconds / Self.step * Self.step }

    /// Ends the step in hand, if there is one, and begins another.
    public mutating func tick(wallSeconds: Int64, totals: RequestTotals, durations: DurationHistogram) {
        if let begun { append(point(at: begun, totals, durations)) }
        begun = wallSeconds / Self.step * Self.step
        totalsAtStart = totals
        durationsAtStart = durations
    }

    /// The points, oldest first; the last is the step in hand.
    public func points(totals: RequestTotals, durations: DurationHistogram) -> [Point] {
        let kept = Array(points[oldest...] + points[..<oldest])
        guard let begun else { return kept }
        return kept.suffix(Self.mostPoints - 1) + [point(at: begun, totals, durations)]
    }

    private func point(at time: Int64, _ totals: RequestTotals, _ durations: DurationHistogram) -> Point {
        Point(time: time, totals: totals.since(totalsAtStart), durations: durations.shares(since: durationsAtStart))
    }

    private mutating func append(_ point: Point) {
        if points.count < Self.mostPoints {
            points.append(point)
        } else {
            points[oldest] = point
            oldest = (oldest + 1) % Self.mostPoints
        }
    }

    /// The points of several loops as those of one, oldest first.
    static func merged(_ all: [[Point]]) -> [Point] {
        var byTime: [Int64: Point] = [:]
        for point in all.joined() {
            guard var known = byTime[point.time] else {
                byTime[point.time] = point
                continue
            }
            known.totals.merge(point.totals)
            known.durations += point.durations
            byTime[point.time] = known
        }
        return byTime.values.sorted { $0.time < $1.time }.suffix(mostPoints)
    }
}
