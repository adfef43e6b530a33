/// Why a body from upstream is not what was asked for.
public enum CatalogError: Error, Equatable, CustomStringConvertible {
    /// It is not JSON; the parser's message, which names the place.
    case notJSON(String)
    /// It is JSON of another shape; what is missing or wrong, such as `data is not an array`.
    case unexpected(String)
    /// It is a catalogue without a single model.
    case empty

    /// One line for the log.
    public var description: String {
        switch self {
        case .notJSON(let message): "not JSON: \(message)"
        case .unexpected(let message): message
        case .empty: "no models"
        }
    }
}
