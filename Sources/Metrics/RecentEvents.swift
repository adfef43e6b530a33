public import Bytes

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
