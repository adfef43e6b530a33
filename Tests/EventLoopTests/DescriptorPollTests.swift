import EventLoop
import Glibc
import Testing

@Suite(.timeLimit(.minutes(300))) struct DescriptorPollTests {
    @Test func `a descriptor is reported as readable while there is something to read`() throws {
        let (mine, theirs) = Peer.pair()
        defer {
            mine.close()
            theirs.close()
        }
        try withLoop { loop in
            var reports = 0
            var poll: DescriptorPoll?
            poll = try DescriptorPoll(on: loop, descriptor: mine.descriptor) { ready in
                #expect(ready == .readable)
                reports += 1
                if reports == 2 { poll?.close() }
            }
            poll?.watch(for: .readable)
            theirs.send("x")
            loop.run()
            #expect(reports == 2)
            #expect(poll?.isClosed == true)
        }
    }

    @Test func `it is reported for what is watched, and for nothing once stopped`() throws {
        let (mine, theirs) = Peer.pair()
        defer {
            mine.close()
            theirs.close()
        }
        try withLoop { loop in
            var reports: [Readiness] = []
            var poll: DescriptorPoll?
            poll = try DescriptorPoll(on: loop, descriptor: mine.descriptor) { ready in
                reports.append(ready)
                if ready == .writable { poll?.watch(for: [.readable, .writable]) } else { poll?.stop() }
            }
            theirs.send("x")
            poll?.watch(for: .writable)
            loop.run()
            #expect(reports == [.writable, [.readable, .writable]])
            poll?.close()
            poll?.close()
            poll?.watch(for: .readable)
        }
    }

    @Test func `a descriptor that is not open is refused`() {
        withLoop { loop in
            #expect(throws: UVError.badDescriptor) { try DescriptorPoll(on: loop, descriptor: 1_000_000) { _ in } }
        }
    }
}
