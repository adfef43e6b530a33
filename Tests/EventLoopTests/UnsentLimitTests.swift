import Bytes
import Glibc
import Testing

@testable import EventLoop

@Suite(.timeLimit(.minutes(300))) struct UnsentLimitTests {
    @Test(arguments: [
        (0, 512), (1, 512), (48, 512), (49, 256), (96, 256), (97, 128), (192, 128), (193, 64), (4096, 64),
    ])
    func `the more connections a loop has, the less each may leave unsent`(connections: Int, kibibytes: Int32) {
        #expect(UnsentLimit.bytes(among: connections) == kibibytes << 10)
    }

    @Test func `a connection has the limit of its time, and takes the present one when an answer does not fit`() throws
    {
        let socket = try ListeningSocket(localhost)
        defer { socket.close() }
        #expect(unsentLimit(of: socket.descriptor) == UnsentLimit.inherited)
        try withLoop { loop in
            var peers: [Peer] = []
            var streams: [Stream] = []
            var descriptors: [Int32] = []
            let (first, others) = (Probe(), Probe())
            for number in 1...200 {
                peers.append(Peer(to: socket.address))
                let descriptor = try accepted(on: socket)
                let stream = try Stream(on: loop, adopting: descriptor)
                stream.delegate = number == 1 ? first : others
                streams.append(stream)
                descriptors.append(descriptor)
                #expect(unsentLimit(of: descriptor) == UnsentLimit.bytes(among: number))
            }
            #expect(unsentLimit(of: descriptors[0]) == UnsentLimit.inherited)

            // An answer that fits changes nothing; one that is far longer than what the two sockets take does.
            #expect(streams[0].write(SharedBytes(utf8: "short").all) == .sent)
            #expect(unsentLimit(of: descriptors[0]) == UnsentLimit.inherited)
            let long = SharedBytes([UInt8](repeating: 7, count: 4 << 20))
            #expect(streams[0].write(long.all) == .queued)
            #expect(unsentLimit(of: descriptors[0]) == UnsentLimit.bytes(among: 200))

            // Once the others have gone, it may have more again.
            others.onClosed = { _ in
                guard others.closes == 199 else { return }
                #expect(streams[0].write(long.all) == .queued)
                #expect(unsentLimit(of: descriptors[0]) == UnsentLimit.inherited)
                streams[0].close()
            }
            for stream in streams.dropFirst() { stream.close() }
            loop.run()
            #expect(first.closes == 1)
            for peer in peers { peer.close() }
        }
    }

    @Test func `a unix socket is served without such a limit`() throws {
        let (mine, theirs) = Peer.pair()
        defer { theirs.close() }
        try withLoop { loop in
            loop.openStreams += 1000
            let stream = try Stream(on: loop, adopting: mine.descriptor)
            let probe = Probe()
            stream.delegate = probe
            #expect(stream.write(SharedBytes([UInt8](repeating: 7, count: 1 << 20)).all) == .queued)
            stream.close()
            loop.run()
            #expect(probe.closes == 1)
            loop.openStreams -= 1000
        }
    }

    private func unsentLimit(of descriptor: Int32) -> Int32 {
        var value: Int32 = -1
        var size = socklen_t(MemoryLayout<Int32>.size)
        unsafe getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &value, &size)
        return value
    }
}
