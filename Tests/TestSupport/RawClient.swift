/// A blocking HTTP/1.1 client that sends exactly what a test tells it to, well formed or not.
///
/// Every call has the client's time limit and throws when it passes. One thread uses it.
public final class RawClient {
    /// The connection.
    public let socket: TestSocket
    private let reader: MessageReader
    private let timeout: Duration

    /// Connects to a port of this machine. A small `receiveBuffer`, in bytes, makes a slow reader.
    public convenience init(port: UInt16, timeout: Duration = .hang, receiveBuffer: Int32? = nil) throws {
        self.init(try .connect(port: port, receiveBuffer: receiveBuffer), timeout: timeout)
    }

    /// Connects to a socket in the file system.
    public convenience init(path: String, timeout: Duration = .hang) throws {
        self.init(try .connect(path: path), timeout: timeout)
    }

    private init(_ socket: TestSocket, timeout: Duration) {
        self.socket = socket
        self.timeout = timeout
        reader = MessageReader(socket)
    }

    /// Sends bytes as they are.
    public func send(_ bytes: [UInt8]) throws {
        let written = try socket.write(bytes[...], until: .now + timeout)
        guard written == bytes.count else { throw TimedOut("sent \(written) of \(bytes.count) bytes", after: timeout) }
    }

    /// Sends text as it is: mind the `\r\n`.
    public func send(_ text: String) throws { try send(Array(text.utf8)) }

    /// Sends as many bytes as the peer takes before it has taken none for `patience`; the number of them.
    public func sendWhileTaken(_ bytes: [UInt8], patience: Duration = .milliseconds(200)) throws -> Int {
        var sent = 0
        while sent < bytes.count {
            let part = bytes[sent..<min(bytes.count, sent + 65536)]
            let written = try socket.write(part, until: .now + patience)
            if written == 0 { break }
            sent += written
        }
        return sent
    }

    /// Sends a request, with a `Host` field unless `fields` has one, and a `Content-Length` if there is a body.
    public func sendRequest(
        _ method: String = "GET", _ target: String, _ fields: MessageFields = [:], body: [UInt8] = []
    ) throws {
        var head = "\(method) \(target) HTTP/1.1\r\n"
        if fields["Host"] == nil { head += "Host: localhost\r\n" }
        if !body.isEmpty && fields["Content-Length"] == nil { head += "Content-Length: \(body.count)\r\n" }
        try send(Array("\(head)\(fields)\r\n".utf8) + body)
    }

    /// Reads one response, interim ones (1xx) included. `method` is the request's: a HEAD is answered without a body.
    public func readResponse(to method: String = "GET") throws -> RawResponse {
        var response = try readHead()
        if method == "HEAD" || response.status == 204 || response.status == 304 || response.status < 200 {
            return response
        }
        reader.deadline = .now + timeout
        if response.fields["Transfer-Encoding"]?.lowercased() == "chunked" {
            while true {
                let part = try reader.chunk()
                if part.isEmpty { break }
                response.body += part
                response.chunks += 1
            }
        } else if let length = response.fields["Content-Length"] {
            guard let count = Int(length), count >= 0 else { throw MalformedMessage("Content-Length: \(length)") }
            response.body = try reader.exactly(count)
        } else {
            response.body = try reader.rest()
        }
        return response
    }

    /// Reads the head of a response and leaves its body to `readSome` and the like.
    public func readHead() throws -> RawResponse {
        reader.deadline = .now + timeout
        guard let head = try reader.head() else { throw MalformedMessage("closed instead of a response") }
        return try RawResponse(head: head)
    }

    /// Reads some bytes of whatever comes, coded as it comes; empty at the end of the stream.
    public func readSome(_ limit: Int = 65536) throws -> [UInt8] {
        reader.deadline = .now + timeout
        return try reader.some(limit)
    }

    /// Reads one chunk of a chunked body whose head was read; empty for the last one.
    public func readChunk() throws -> [UInt8] {
        reader.deadline = .now + timeout
        return try reader.chunk()
    }

    /// Reads until the peer closes.
    public func readToEnd() throws -> [UInt8] {
        reader.deadline = .now + timeout
        return try reader.rest()
    }

    /// One request and its response on this connection, which stays open.
    public func get(_ target: String, _ fields: MessageFields = [:]) throws -> RawResponse {
        try request("GET", target, fields)
    }

    /// One request of any method and its response on this connection.
    public func request(
        _ method: String, _ target: String, _ fields: MessageFields = [:], body: [UInt8] = []
    ) throws -> RawResponse {
        try sendRequest(method, target, fields, body: body)
        return try readResponse(to: method)
    }

    /// One request on a connection of its own.
    public static func get(port: UInt16, _ target: String, _ fields: MessageFields = [:]) throws -> RawResponse {
        let client = try RawClient(port: port)
        defer { client.close() }
        return try client.get(target, fields)
    }

    /// Sends the end of the stream; answers can still be read.
    public func finishSending() { socket.finishWriting() }

    /// Closes the connection with a reset.
    public func reset() {
        socket.resetOnClose()
        socket.close()
    }

    /// Closes the connection in good order.
    public func close() { socket.close() }
}
