/// A request as a scripted origin received it.
public struct OriginRequest: Sendable {
    /// Its place among all requests to this origin, from 1.
    public let number: Int
    /// The number of the connection it came on, from 1.
    public let connection: Int
    /// The method, spelled as it came.
    public let method: String
    /// The target, byte for byte.
    public let target: String
    /// The fields in the order they came.
    public let fields: MessageFields
    /// The body without its chunked coding; empty when the origin does not read bodies.
    public let body: [UInt8]

    /// The target up to its query.
    public var path: String { String(target.prefix { $0 != "?" }) }
    /// The query without its question mark; empty if there is none.
    public var query: String { String(target.drop { $0 != "?" }.dropFirst()) }
}
