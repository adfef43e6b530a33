import Bytes
import TestSupport
import Testing
import Threads

@testable import EventLoop

@Suite("Queues of bytes", .timeLimit(.minutes(300)))
struct ByteQueueTests {
    private func leave(_ count: Int, in queue: ByteQueue, items: Int = 1) -> Bool {
        let bytes = [UInt8](repeating: 7, count: count)
        return queue.append(bytes.span, items: items)
    }

    @Test("What several threads leave is taken whole, and each one's in order")
    func threads() throws {
        let queue = ByteQueue(limit: 1 << 20)
        let threads = try (0..<4).map { writer in
            try NamedThread.start(name: "writer") {
                for number in 0..<500 { queue.append(Array("\(writer) \(number)\n".utf8).span) }
            }
        }
        for thread in threads { thread.join() }
        queue.close()
        var bytes = ByteBuilder()
        var text = ""
        while queue.take(&bytes) != nil { text += bytes.span.text() }
        let lines = text.split(separator: "\n")
        #expect(lines.count == 2000)
        for writer in 0..<4 {
            let own = lines.filter { $0.hasPrefix("\(writer) ") }
            #expect(own.map(String.init) == (0..<500).map { "\(writer) \($0)" })
        }
    }

    @Test("What finds no room is dropped, counted, and told of once")
    func full() {
        let queue = ByteQueue(limit: 10)
        #expect(leave(6, in: queue))
        #expect(!leave(5, in: queue, items: 3))
        #expect(leave(4, in: queue))
        #expect(queue.dropped == 3)
        var bytes = ByteBuilder()
        #expect(queue.take(&bytes) == 3)
        #expect(bytes.count == 10)
        #expect(leave(1, in: queue))
        #expect(queue.take(&bytes) == 0)
        #expect(queue.dropped == 3)
    }

    @Test("Waiting ends when all is dealt with, or with its time")
    func done() throws {
        let queue = ByteQueue(limit: 10)
        #expect(queue.waitUntilDone(milliseconds: 0))
        _ = leave(1, in: queue)
        #expect(!queue.waitUntilDone(milliseconds: 5))
        let thread = try NamedThread.start(name: "taker") {
            var bytes = ByteBuilder()
            while queue.take(&bytes) != nil {}
        }
        #expect(queue.waitUntilDone(milliseconds: 20_000))
        queue.close()
        thread.join()
        #expect(!leave(1, in: queue))
    }
}
