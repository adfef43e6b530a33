public import Bytes
public import Catalog
public import HTTPCore

/// The list that nearly every client asks for, composed and compressed when its snapshot is made, away from the loops.
public struct PreparedList: Sendable {
    /// The query that it answers, which may not depend on the time.
    public let query: Query
    /// The body as it is.
    public let identity: SharedBytes
    /// The body compressed.
    public let coded: [ContentCoding: SharedBytes]

    /// A list in its forms.
    public init(query: Query, identity: SharedBytes, coded: [ContentCoding: SharedBytes]) {
        self.query = query
        self.identity = identity
        self.coded = coded
    }

    var byteCount: Int { coded.values.reduce(identity.count) { $0 + $1.count } }
}
