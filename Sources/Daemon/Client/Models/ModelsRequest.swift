/// What `larder models` asks for, and where.
public struct ModelsRequest: Sendable {
    /// The Larder that is asked.
    public var address: LarderAddress

    /// The parameters of the query, by their names in it.
    public var parameters: [(name: String, value: String)]

    /// The key whose own list is wanted; nil for everybody's.
    public var key: String?

    /// A request for everybody's list.
    public init(_ address: LarderAddress, parameters: [(name: String, value: String)], key: String? = nil) {
        self.address = address
        self.parameters = parameters
        self.key = key
    }

    /// The path and the query.
    var path: String {
        let path = key == nil ? "/api/v1/models" : "/api/v1/models/user"
        return parameters.isEmpty ? path : path + "?" + QueryText.query(parameters)
    }

    /// The fields that go with it.
    var fields: [(name: String, value: String)] { key.map { [("Authorization", "Bearer \($0)")] } ?? [] }
}
