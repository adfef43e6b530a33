public import Bytes

/// The last hour in steps of ten seconds.
///
/// Nothing is recorded here: each point is the difference between the running totals at its two ends, so requests have
/// no extra cost.
public struct RequestHistory: Sendable {
    /// The requests of one step.
    public struct Point: Sendable, Equatable {
        /// The Unix second at which the step began, a multiple of its length.
        public let time: Int64
        /// The requests in the step.
        public var totals: RequestTotals
        /// Their durations.
        public var durations: [DurationHistogram.Share]
    }

    /// The length of a step in seconds.
    public static let step: Int64 = 10
    /// The maximum number of points.
    static let mostPoints = 360

    private var points: [Point] = []
    /// The index of the oldest point, once the maximum is reached.
    private var oldest = 0
    private var begun: Int64?
    private var totalsAtStart = RequestTotals()
    private var durationsAtStart = DurationHistogram()

    /// Starts with no points.
    public init() {}

    /// Whether the current step is over; then the caller must call `tick`. Call this at least once per step.
    public func isDue(wallSeconds: Int64) -> Bool { begun != wallSeconds / Self.step * Self.step }

    /// Ends the current step, if there is one, and begins another.
    public mutating func tick(wallSeconds: Int64, totals: RequestTotals, durations: DurationHistogram) {
        if let begun { append(point(at: begun, totals, durations)) }
        begun = wallSeconds / Self.step * Self.step
        totalsAtStart = totals
        durationsAtStart = durations
    }

    /// The points, oldest first; the last is the current step.
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

    /// Combines the points of several loops, oldest first.
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

/// The latest warnings and errors of the log, each as a JSON object. Their number and size are bounded.
public struct RecentEvents: Sendable {
    /// The most events that are kept.
    static let most = 100
    /// The most bytes of an event that is kept.
    static let longest = 4096

    /// The oldest first.
    private var lines: [String] = []
    /// How many events there were, kept or not.
    private var count = 0

    /// No events.
    public init() {}

    /// Adds an event, which is one JSON object and may end with a line break.
    public mutating func add(_ line: String) {
        count += 1
        guard line.utf8.count <= Self.longest else { return }
        if lines.count == Self.most { lines.removeFirst() }
        lines.append(line.hasSuffix("\n") ? String(line.dropLast()) : line)
    }

    /// The events as JSON: how many there were since the start, and those that are kept, the oldest first.
    public var json: SharedBytes {
        SharedBytes(utf8: "{\"total\":\(count),\"events\":[\(lines.joined(separator: ","))]}")
    }
}
