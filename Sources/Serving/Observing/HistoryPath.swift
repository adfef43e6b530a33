import Bytes
import HTTPCore

/// Larder's own paths that show the history of the catalogue.
public enum HistoryPath: Equatable, Sendable {
    /// The changes, as JSON or as server-sent events.
    case changes
    /// The changes as an Atom feed.
    case feed
    /// The prices of one model over time; its id, decoded.
    case model(String)

    private static let models: StaticString = "/_larder/history/"

    /// Nil if the path is none of them. The slash of a model's id may be spelled `%2F`.
    public init?(path: Span<UInt8>) {
        if path.equals("/_larder/changes") {
            self = .changes
        } else if path.equals("/_larder/changes.atom") {
            self = .feed
        } else if path.starts(with: Self.models) {
            let id = PercentEncoding.decoded(path.extracting(Self.models.utf8CodeUnitCount..<path.count))
            guard !id.isEmpty, let text = String(validating: id, as: UTF8.self) else { return nil }
            self = .model(text)
        } else {
            return nil
        }
    }
}
