/// Why the state could not be opened.
public enum StoreError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Another process keeps its state in this directory.
    case inUse(path: String)
    /// The directory, or the secret in it, can neither be read nor made.
    case unusable(path: String, reason: String)
    /// A later release wrote the database: its schema has the version `found`, and this one knows up to `known`.
    case newerSchema(found: Int, known: Int)

    /// A sentence for the one line that an operator reads.
    public var description: String {
        switch self {
        case .inUse(let path): "the state directory \(path) is in use by another process"
        case .unusable(let path, let reason): "the state directory cannot be used: \(path): \(reason)"
        case .newerSchema(let found, let known):
            "the state was written by a later release: its schema is version \(found), this one knows \(known)"
        }
    }
}
