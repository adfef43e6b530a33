import Serving
import Store

/// What the state directory had when the process began.
struct StateAtStart: Sendable {
    /// Everything that it has, by name.
    var keys: Set<RecordKey> = []
    /// The catalogue that everyone shares, if it can be served.
    var catalog: Entry?

    /// Nothing.
    static let nothing = StateAtStart()
}
