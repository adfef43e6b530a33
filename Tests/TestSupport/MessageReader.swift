/// Takes HTTP/1.1 messages apart for both ends of a test: heads, bodies by length, chunks.
final class MessageReader {
    let socket: TestSocket
    var deadline: ContinuousClock.Instant?
    private var buffer: [UInt8] = []
    private(set) var ended = false

    init(_ socket: TestSocket) { self.socket = socket }

    /// Reads once more; false at the end of the stream.
    private func fill() throws -> Bool {
        guard !ended else { return false }
        let more = try socket.read(until: deadline)
        ended = more.isEmpty
        buffer += more
        return !ended
    }

    /// The bytes up to and with the blank line; nil when the stream ends before the first of them.
    func head() throws -> [UInt8]? {
        var searched = 0
        while true {
            if let end = buffer.firstEndOfHead(from: searched) { return take(end) }
            searched = max(0, buffer.count - 3)
            if try !fill() {
                if buffer.isEmpty { return nil }
                throw MalformedMessage("the stream ends within a head: \(String(decoding: buffer, as: UTF8.self))")
            }
        }
    }

    /// Some bytes, `limit` at most, as soon as there are any; empty at the end of the stream.
    func some(_ limit: Int) throws -> [UInt8] {
        if buffer.isEmpty { _ = try fill() }
        return take(min(limit, buffer.count))
    }

    /// Exactly `count` bytes.
    func exactly(_ count: Int) throws -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(count)
        while result.count < count {
            let part = try some(count - result.count)
            guard !part.isEmpty else {
                throw MalformedMessage("the stream ends after \(result.count) of \(count) bytes")
            }
            result += part
        }
        return result
    }

    /// Everything up to the end of the stream.
    func rest() throws -> [UInt8] {
        while try fill() {}
        return take(buffer.count)
    }

    /// The next chunk of a chunked body; empty for the last one, whose trailer section is read as well.
    func chunk() throws -> [UInt8] {
        let line = try self.line()
        let size = line.prefix { $0 != ";" }
        guard let count = Int(size, radix: 16), count >= 0 else { throw MalformedMessage("a chunk's size: \(line)") }
        guard count > 0 else {
            while try !self.line().isEmpty {}
            return []
        }
        let bytes = try exactly(count)
        guard try self.line().isEmpty else { throw MalformedMessage("a chunk that is longer than it says") }
        return bytes
    }

    private func line() throws -> String {
        while true {
            if let end = buffer.firstIndex(of: 10) {
                let bytes = take(end + 1)
                return String(decoding: bytes.filter { $0 != 13 && $0 != 10 }, as: UTF8.self)
            }
            if try !fill() { throw MalformedMessage("the stream ends within a line") }
        }
    }

    private func take(_ count: Int) -> [UInt8] {
        if count == buffer.count {
            defer { buffer = [] }
            return buffer
        }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }
}

/// What a peer sent that is not HTTP.
public struct MalformedMessage: Error, CustomStringConvertible {
    /// What was wrong.
    public let description: String
    init(_ description: String) { self.description = description }
}

extension [UInt8] {
    fileprivate func firstEndOfHead(from start: Int) -> Int? {
        var index = start
        while index + 4 <= count {
            if self[index] == 13 && self[index + 1] == 10 && self[index + 2] == 13 && self[index + 3] == 10 {
                return index + 4
            }
            index += 1
        }
        return nil
    }
}
