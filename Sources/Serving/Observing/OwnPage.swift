import Bytes

/// What Larder tells of itself, by path.
public enum OwnPage: String, CaseIterable, Sendable {
    /// Prometheus' metrics.
    case metrics = "/metrics"
    /// The state of everything, as JSON.
    case status = "/_larder/status"
    /// Throws out what is stored.
    case purge = "/_larder/purge"

    /// The page at a path; nil where there is nothing.
    public init?(path: Span<UInt8>) {
        if path.equals("/metrics") {
            self = .metrics
        } else if path.equals("/_larder/status") {
            self = .status
        } else if path.equals("/_larder/purge") {
            self = .purge
        } else {
            return nil
        }
    }

    /// Whether it changes something, and so is asked with POST; the others are asked with GET and HEAD.
    public var isAction: Bool { self == .purge }
}
