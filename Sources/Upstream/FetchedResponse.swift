public import Bytes

/// A whole response: its body has come to its end, by length, by chunks or by an orderly close, and is decompressed.
public struct FetchedResponse: Sendable {
    /// The status code.
    public let status: Int

    /// The final response's fields in order, names in lower case; neither those of 1xx responses nor a proxy's nor
    /// trailers.
    public let fields: [(name: String, value: String)]

    /// The body, without content coding.
    public let body: SharedBytes

    /// From the fetch's start to the body's end, redirects included.
    public let duration: Duration

    /// The certificates that the server showed, its own first; none without TLS, or if they were not asked for.
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

    /// The first value of a field, whose name is given in lower case.
    public func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}
