/// One parameter of a query: its name and value, decoded.
public struct QueryParameter: Equatable, Sendable {
    /// The name, valid UTF-8.
    public let name: [UInt8]

    /// The value, valid UTF-8.
    public let value: [UInt8]

    /// Appends `name=value` in the one spelling of canonical queries.
    func appendPair(to result: inout [UInt8]) {
        PercentEncoding.append(name, to: &result)
        result.append(UInt8(ascii: "="))
        PercentEncoding.append(value, to: &result)
    }
}
