public import Bytes
import HTTPCore

/// A request for one URL, without a body.
public struct FetchRequest: Sendable {
    /// The kinds of request.
    public enum Method: Sendable {
        /// Reads a resource.
        case get
        /// Performs an action. A redirect is an ordinary answer to it, so that the action is not performed twice.
        case post
    }

    /// The kind of request.
    public var method = Method.get

    /// An absolute `http` or `https` URL.
    public var url: String

    /// Further request fields, such as `Authorization` or `If-None-Match`, in order.
    public var fields: [(name: String, value: String)]

    /// The value of `Authorization`, sent byte for byte: a client's key need not be UTF-8.
    public var authorization: SharedBytes?

    /// The time limit in milliseconds, if it is shorter than the client's.
    public var timeout: Int?

    /// Whether the response should list the certificates that the server showed on this connection.
    public var wantsCertificates = false

    /// A GET.
    public init(url: String, fields: [(name: String, value: String)] = []) {
        self.url = url
        self.fields = fields
    }

    /// Whether every field can be sent as one line: a line break in a value would begin another field.
    var hasSoundFields: Bool {
        if let authorization, !FieldSyntax.isValue(authorization.span) { return false }
        return fields.allSatisfy { field in
            FieldSyntax.isToken(field.name.utf8.span) && FieldSyntax.isValue(field.value.utf8.span)
        }
    }
}

/// A complete response: its body ended by length, by chunks or by a clean close.
public struct FetchedResponse: Sendable {
    /// The status code.
    public let status: Int

    /// The final response's fields in order, names in lower case. Fields of 1xx responses, of a proxy's responses and
    /// of trailers are not included.
    public let fields: [(name: String, value: String)]

    /// The body as received, in the content codings that `content-encoding` names.
    public let body: SharedBytes

    /// The time from the start of the fetch to the end of the body, including redirects.
    public let duration: Duration

    /// The certificates that the server showed, its own first; none without TLS, or if they were not requested.
    public let certificates: [ServerCertificate]

    /// A response that did not come over the network.
    public init(status: Int, fields: [(name: String, value: String)], body: SharedBytes, duration: Duration) {
        self.init(status: status, fields: fields, body: body, duration: duration, certificates: [])
    }

    init(
        status: Int, fields: [(name: String, value: String)], body: SharedBytes, duration: Duration,
        certificates: [ServerCertificate]
    ) {
        self.certificates = certificates
        self.status = status
        self.fields = fields
        self.body = body
        self.duration = duration
    }

    /// The same response with other fields and another body.
    public func replacing(fields: [(name: String, value: String)], body: SharedBytes) -> FetchedResponse {
        FetchedResponse(status: status, fields: fields, body: body, duration: duration, certificates: certificates)
    }

    /// The first value of a field, whose name is given in lower case.
    public func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
