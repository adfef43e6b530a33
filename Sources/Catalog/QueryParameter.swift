/// One parameter of a query: its name and value, decoded.
public struct QueryParameter: Equatable, Sendable {
    /// The name, valid UTF-8.
    public let name: [UInt8]

    /// The value, valid UTF-8.
    public let value: [UInt8]
}
