/// A response as a test's client read it.
public struct RawResponse: Sendable {
    /// The status code.
    public let status: Int
    /// The words behind the status code.
    public let reason: String
    /// The fields in the order they came.
    public let fields: MessageFields
    /// The body, without its chunked coding, but with any content coding.
    public var body: [UInt8] = []
    /// The number of chunks that it came in; 0 if it was not chunked.
    public var chunks = 0

    /// The body as text.
    public var text: String { String(decoding: body, as: UTF8.self) }

    init(head: [UInt8]) throws {
        guard let (line, fields) = MessageFields.parse(head: head) else {
            throw MalformedMessage("a head: \(String(decoding: head, as: UTF8.self))")
        }
        let parts = line.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count >= 2, parts[0] == "HTTP/1.1" || parts[0] == "HTTP/1.0", let status = Int(parts[1]) else {
            throw MalformedMessage("a status line: \(line)")
        }
        self.status = status
        self.fields = fields
        reason = parts.count == 3 ? String(parts[2]) : ""
    }
}
