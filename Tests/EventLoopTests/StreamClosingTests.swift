import Bytes
import EventLoop
import Glibc
import Testing
import Threads

@Suite(.timeLimit(.minutes(300))) struct StreamClosingTests {
    /// A TCP connection to a loop: its stream with a probe for a delegate, and the other end, on which `onPeer` (given, with
    /// the peer, a thread of its own) may block.
    private func withConnection(
        onPeer: (@Sendable (Peer) -> Void)? = nil, _ body: @escaping (Stream, Probe, Peer) -> Void
    ) throws {
        try withLoop { loop in
            let socket = try ListeningSocket(localhost)
            let peer = Peer(to: socket.address)
            let thread = try onPeer.map { work in try NamedThread.start(name: "peer") { work(peer) } }
            var listener: Listener?
            listener = try Listener(on: loop, socket: socket) { stream in
                listener?.close()
                let probe = Probe()
                stream.delegate = probe
                body(stream, probe, peer)
            }
            loop.run()
            // Its descriptor's number may be another's as soon as it is closed.
            thread?.join()
            peer.close()
        }
    }

    enum Moment: CaseIterable { case accept, bytes, end, drained, closed }

    @Test(arguments: Moment.allCases)
    func `a stream may be closed within any callback`(moment: Moment) throws {
        let reader: @Sendable (Peer) -> Void = { _ = $0.receiveAll() }
        try withConnection(onPeer: moment == .drained ? reader : nil) { stream, probe, peer in
            switch moment {
            case .accept: stream.close()
            case .bytes: probe.onBytes = { stream, _ in stream.close() }
            case .end: probe.onEnd = { $0.close() }
            case .drained: probe.onDrained = { $0.close() }
            case .closed: probe.onClosed = { _ in stream.close() }
            }
            stream.startReading()
            if moment == .drained {
                // The peer reads meanwhile, and may be quick enough to take the whole of one.
                let bytes = SharedBytes(pattern(8 << 20))
                var outcome = stream.write(bytes.all)
                while outcome == .sent { outcome = stream.write(bytes.all) }
                #expect(outcome == .queued)
            } else {
                peer.send("hello")
                peer.finish()
            }
            probe.onClosed = { error in
                #expect(error == nil)
                stream.close()
                #expect(probe.closes == 1)
                #expect(stream.delegate != nil)
            }
        }
    }

    @Test func `a closed stream takes no writes and can be used without harm`() throws {
        try withConnection { stream, _, _ in
            stream.close()
            stream.close()
            #expect(stream.isClosed)
            #expect(stream.write(SharedBytes(utf8: "x").all) == .closed)
            stream.startReading()
            stream.stopReading()
            stream.shutdownThenClose(lingerMilliseconds: 10)
            #expect(!stream.isReading)
        }
    }

    @Test func `closing throws the queue away, and drained is not told`() throws {
        try withConnection { stream, probe, _ in
            #expect(stream.write(SharedBytes(pattern(8 << 20)).all) == .queued)
            #expect(stream.loop.pendingWrites == 1)
            stream.close()
            probe.onClosed = { _ in
                #expect(stream.loop.pendingWrites == 0)
                #expect(probe.drains == 0)
            }
        }
    }

    @Test func `a reset by the peer closes the stream with that error`() throws {
        let error = Shared<UVError?>(nil)
        try withConnection { stream, probe, peer in
            probe.onClosed = { why in error.update { $0 = why } }
            stream.startReading()
            peer.reset()
        }
        #expect(error.value == .connectionReset)
    }

    @Test func `writing to a peer that is gone closes the stream with an error`() throws {
        let outcome = Shared<UVError?>(nil)
        ignoreBrokenPipes()
        let (mine, theirs) = Peer.pair()
        theirs.close()
        try withLoop { loop in
            let stream = try Stream(on: loop, adopting: mine.descriptor)
            let probe = Probe()
            probe.onClosed = { why in outcome.update { $0 = why } }
            stream.delegate = probe
            #expect(stream.write(SharedBytes(utf8: "x").all) == .closed)
            #expect(probe.closes == 0)
        }
        #expect(outcome.value == .brokenPipe)
    }

    @Test func `an orderly end sends the queue first and outlives a peer that still talks`() throws {
        let size = 4 << 20
        let got = Shared<[UInt8]>([])
        let talker: @Sendable (Peer) -> Void = { peer in
            // Bytes that are never read by anyone would turn a plain close into a reset.
            for _ in 0..<64 { peer.send(pattern(16_384)) }
            let all = peer.receiveAll()
            got.update { $0 = all }
            peer.finish()
        }
        try withConnection(onPeer: talker) { stream, probe, _ in
            stream.startReading()
            probe.onBytes = { stream, _ in
                if stream.isClosed { return }
                _ = stream.write(SharedBytes(pattern(size)).all)
                stream.shutdownThenClose(lingerMilliseconds: 60_000)
                #expect(stream.write(SharedBytes(utf8: "x").all) == .closed)
            }
            probe.onEnd = { _ in Issue.record("told of the end after the shutdown") }
            probe.onClosed = { #expect($0 == nil) }
        }
        #expect(got.value == pattern(size))
    }

    @Test func `a peer that never closes is left after the linger`() throws {
        let took = Shared(UInt64(0))
        try withConnection { stream, probe, _ in
            let begin = stream.loop.nowMilliseconds
            stream.shutdownThenClose(lingerMilliseconds: 50)
            stream.shutdownThenClose(lingerMilliseconds: 50)
            probe.onClosed = { error in
                #expect(error == nil)
                took.update { $0 = stream.loop.nowMilliseconds - begin }
            }
        }
        #expect(took.value >= 50)
    }

    @Test func `a descriptor that is no socket is refused`() {
        withLoop { loop in
            #expect(throws: UVError.self) { try Stream(on: loop, adopting: 1_000_000) }
        }
    }
}
