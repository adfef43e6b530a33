/// A request for one URL, without a body.
public struct FetchRequest: Sendable {
    /// What may be asked.
    public enum Method: Sendable {
        /// For what is there.
        case get
        /// For something to be done. A redirect is an answer to it like any other: nothing is done twice.
        case post
    }

    /// What is asked.
    public var method = Method.get

    /// An absolute `http` or `https` URL.
    public var url: String

    /// Further request fields, such as `Authorization` or `If-None-Match`, in order.
    public var fields: [(name: String, value: String)]

    /// Whether the response is to tell the certificates that the server showed on this connection.
    public var wantsCertificates = false

    /// A GET.
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
