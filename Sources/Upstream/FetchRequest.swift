/// A GET of one URL.
public struct FetchRequest: Sendable {
    /// An absolute `http` or `https` URL.
    public var url: String

    /// Further request fields, such as `Authorization` or `If-None-Match`, in order.
    public var fields: [(name: String, value: String)]

    /// A request.
    public init(url: String, fields: [(name: String, value: String)] = []) {
        self.url = url
        self.fields = fields
    }

    /// Whether every field can be sent as one line: a line break in a value would begin another field.
    var hasSoundFields: Bool {
        fields.allSatisfy { field in
            !field.name.isEmpty
                && field.name.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
                && field.value.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }
        }
    }
}
