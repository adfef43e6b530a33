import Glibc

/// One connection of a scripted origin, on its own thread: reads a request, asks the script, does what it says, and again.
struct OriginConnection {
    /// What made a connection end on purpose.
    private struct Finished: Error {}

    private let socket: TestSocket
    private let number: Int
    private let record: OriginRecord
    private let readsBodies: Bool
    private let readPause: Duration
    private let handler: ScriptedOrigin.Handler
    private let reader: MessageReader

    init(
        _ socket: TestSocket, _ number: Int, _ record: OriginRecord, readsBodies: Bool,
        readPause: Duration, _ handler: @escaping ScriptedOrigin.Handler
    ) {
        self.socket = socket
        self.number = number
        self.record = record
        self.readsBodies = readsBodies
        self.readPause = readPause
        self.handler = handler
        reader = MessageReader(socket)
    }

    /// Serves until the peer leaves, the script ends the connection or the origin stops.
    func run() {
        // Whatever goes wrong here is the peer's leaving, or the script's wish: a test looks at the other end.
        try? serve()
    }

    private func serve() throws {
        while let head = try reader.head() {
            guard let (line, fields) = MessageFields.parse(head: head) else { return }
            let words = line.split(separator: " ")
            guard words.count == 3 else { return }
            let body = readsBodies ? try readBody(fields) : []
            let request = record.state.withValue { state in
                let request = OriginRequest(
                    number: state.requests.count + 1, connection: number, method: String(words[0]),
                    target: String(words[1]), fields: fields, body: body)
                state.requests.append(request)
                return request
            }
            try perform(handler(request), isHead: request.method == "HEAD")
            if !readsBodies || fields["Connection"]?.lowercased() == "close" { return }
        }
    }

    private func readBody(_ fields: MessageFields) throws -> [UInt8] {
        if fields["Expect"]?.lowercased() == "100-continue" { try send(Array("HTTP/1.1 100 Continue\r\n\r\n".utf8)) }
        var body: [UInt8] = []
        if fields["Transfer-Encoding"]?.lowercased() == "chunked" {
            while true {
                let part = try reader.chunk()
                if part.isEmpty { return body }
                body += part
                record.state.withValue { $0.bodyBytes += part.count }
            }
        }
        let length = fields["Content-Length"].flatMap { Int($0) } ?? 0
        while body.count < length {
            try pause(readPause)
            let part = try reader.some(length - body.count)
            guard !part.isEmpty else { throw Finished() }
            body += part
            record.state.withValue { $0.bodyBytes += part.count }
        }
        return body
    }

    private func perform(_ reply: OriginReply, isHead: Bool) throws {
        switch reply {
        case .response(let status, let fields, let body):
            try respond(status, fields, body, isHead: isHead)
        case .garbage(let bytes):
            try send(bytes)
            throw Finished()
        case .close:
            throw Finished()
        case .reset:
            socket.resetOnClose()
            throw Finished()
        case .hang:
            try hang()
        case .delayed(let duration, let reply):
            try pause(duration)
            try perform(reply, isHead: isHead)
        case .held(let gate, let reply):
            try pass(gate)
            try perform(reply, isHead: isHead)
        }
    }

    private func respond(_ status: Int, _ fields: MessageFields, _ body: OriginBody, isHead: Bool) throws {
        var fields = fields
        if let (name, value) = body.framing(of: status), fields[name] == nil { fields[name] = value }
        let head = Array("HTTP/1.1 \(status) Scripted\r\n\(fields)\r\n".utf8)
        // A small whole response goes out in one piece, as servers do it.
        if case .bytes(let bytes) = body, !isHead { return try send(head + bytes) }
        try send(head)
        if !isHead { try sendBody(body) }
    }

    private func sendBody(_ body: OriginBody) throws {
        switch body {
        case .bytes(let bytes):
            try send(bytes)
        case .chunked(let chunks, let pause):
            try sendChunks(chunks, pause: pause)
            try send(Array("0\r\n\r\n".utf8))
        case .announced(let chunks, let willSend):
            for (index, chunk) in chunks.enumerated() {
                willSend(index)
                try sendChunks([chunk], pause: .zero)
            }
            try send(Array("0\r\n\r\n".utf8))
        case .repeated(let byte, let count):
            let block = [UInt8](repeating: byte, count: min(count, 65536))
            var left = count
            while left > 0 {
                try send(Array(block.prefix(left)))
                left -= min(left, block.count)
            }
        case .gated(let first, let gate, let second):
            try send(first)
            try pass(gate)
            try send(second)
            try socket.waitUntilDelivered()
            record.state.withValue { $0.gatedBodies += 1 }
        case .hanging(let bytes, _):
            try send(bytes)
            try hang()
        case .cut(let bytes, _), .untilClose(let bytes):
            try send(bytes)
            throw Finished()
        case .cutChunks(let chunks):
            try sendChunks(chunks, pause: .zero)
            throw Finished()
        }
    }

    private func sendChunks(_ chunks: [[UInt8]], pause duration: Duration) throws {
        for (index, chunk) in chunks.enumerated() {
            if index > 0 { try pause(duration) }
            try send(Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [13, 10])
        }
    }

    private func send(_ bytes: [UInt8]) throws { _ = try socket.write(bytes[...], until: nil) }

    /// Waits for the peer to leave, or for the origin to stop, which looks the same from here.
    private func hang() throws {
        _ = socket.wait(for: peerLeft, until: nil)
        throw Finished()
    }

    private func pause(_ duration: Duration) throws {
        guard duration > .zero else { return }
        if socket.wait(for: peerLeft, until: .now + duration) { throw Finished() }
    }

    private func pass(_ gate: OriginGate) throws {
        let passed = gate.pass { record.isStopping || socket.wait(for: peerLeft, until: .now) }
        if !passed { throw Finished() }
    }
}

/// `POLLRDHUP`, whose C macro is not imported; hang-ups and errors are reported without being asked for.
private let peerLeft: Int32 = 0x2000

extension OriginBody {
    fileprivate func framing(of status: Int) -> (String, String)? {
        if status < 200 || status == 204 || status == 304 { return nil }
        return switch self {
        case .bytes(let bytes): ("Content-Length", "\(bytes.count)")
        case .repeated(_, let count): ("Content-Length", "\(count)")
        case .gated(let first, _, let second): ("Content-Length", "\(first.count + second.count)")
        case .hanging(_, let declared), .cut(_, let declared): ("Content-Length", "\(declared)")
        case .chunked, .announced, .cutChunks: ("Transfer-Encoding", "chunked")
        case .untilClose: ("Connection", "close")
        }
    }
}
