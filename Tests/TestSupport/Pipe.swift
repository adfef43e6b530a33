import Glibc

/// A pipe whose reading end stays here and whose writing end a child gets.
struct Pipe: Sendable {
    let reading: Int32
    let writing: Int32

    init() throws {
        var ends: [Int32] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw SocketError("pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        reading = ends[0]
        writing = ends[1]
    }

    /// The child has it by now: without this the end of the stream would never come.
    func closeWriting() { close(writing) }

    /// For a pipe that nobody reads to its end.
    func closeReading() { close(reading) }

    /// Reads to the end of the stream, and closes it; the last line may lack its line feed.
    func readLines(_ body: (String) -> Void) {
        var pending: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = unsafe read(reading, &block, block.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            pending += block[..<count]
            while let end = pending.firstIndex(of: 10) {
                body(String(decoding: pending[..<end], as: UTF8.self))
                pending.removeFirst(end + 1)
            }
        }
        if !pending.isEmpty { body(String(decoding: pending, as: UTF8.self)) }
        close(reading)
    }
}
