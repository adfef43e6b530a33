import Bytes
import EventLoop
import Glibc
import Testing
import Threads

@Suite(.timeLimit(.minutes(300))) struct StreamTests {
    /// A stream with a probe for a delegate, and the other end of it.
    private func connected(on loop: Loop) throws -> (Stream, Probe, Peer) {
        let (mine, theirs) = Peer.pair()
        let stream = try Stream(on: loop, adopting: mine.descriptor)
        let probe = Probe()
        stream.delegate = probe
        return (stream, probe, theirs)
    }

    @Test func `three parts go out as one`() throws {
        try withLoop { loop in
            let (stream, probe, peer) = try connected(on: loop)
            let fields: [UInt8] = Array("age: 1\r\n\r\n".utf8)
            let outcome = stream.write(
                SharedBytes(utf8: "head\r\n").all, fields.span, SharedBytes(utf8: "xbodyx")[1..<5])
            #expect(outcome == .sent)
            #expect(stream.queuedBytes == 0)
            #expect(loop.pendingWrites == 0)
            stream.close()
            loop.run()
            #expect(peer.text() == "head\r\nage: 1\r\n\r\nbody")
            #expect(probe.drains == 0)
            #expect(probe.closes == 1)
            peer.close()
        }
    }

    @Test func `each part may be absent or empty`() throws {
        try withLoop { loop in
            let (stream, _, peer) = try connected(on: loop)
            let none: [UInt8] = []
            let fields: [UInt8] = [0x66]
            #expect(stream.write(nil, none.span, nil) == .sent)
            #expect(stream.write(SharedBytes.empty.all) == .sent)
            #expect(stream.write(nil, fields.span, nil) == .sent)
            #expect(stream.write(nil, none.span, SharedBytes(utf8: "b").all) == .sent)
            #expect(stream.write(SharedBytes(utf8: "h").all, none.span, nil) == .sent)
            stream.close()
            loop.run()
            #expect(peer.text() == "fbh")
            peer.close()
        }
    }

    @Test func `ten megabytes reach a slow reader whole, and drained is told once`() throws {
        let size = 10 << 20
        let head = SharedBytes(pattern(1 << 20))
        let body = SharedBytes(Array(pattern(size).dropFirst((1 << 20) + 3000)))
        let got = Shared<[UInt8]>([])
        try withLoop { loop in
            let (stream, probe, peer) = try connected(on: loop)
            var fields = Array(pattern(size)[(1 << 20)..<(1 << 20) + 3000])
            #expect(stream.write(head.all, fields.span, body.all) == .queued)
            // The scratch bytes are the caller's again.
            for index in fields.indices { fields[index] = 0 }
            #expect(stream.queuedBytes > 0)
            #expect(stream.queuedBytes < size)
            #expect(loop.pendingWrites == 1)
            probe.onDrained = { stream in
                #expect(stream.queuedBytes == 0)
                stream.close()
            }
            let reader = try NamedThread.start(name: "reader") {
                var all: [UInt8] = []
                while let part = peer.receive(10_007), !part.isEmpty {
                    all += part
                    if all.count % 7 == 0 { usleep(500) }
                }
                got.update { $0 = all }
                peer.close()
            }
            loop.run()
            reader.join()
            #expect(probe.drains == 1)
        }
        #expect(got.value == pattern(size))
    }

    @Test func `writes behind a queue keep their order, wherever the socket cuts them`() throws {
        let got = Shared<[UInt8]>([])
        var expected: [UInt8] = []
        try withLoop { loop in
            let (stream, probe, peer) = try connected(on: loop)
            var outcomes: Set<String> = []
            for number in 0..<300 {
                let head = pattern(number * 7)
                let fields = Array("<\(number)>".utf8)
                let body = pattern(number * 31)
                expected += head + fields + body
                let outcome = stream.write(SharedBytes(head).all, fields.span, SharedBytes(body).all)
                outcomes.insert("\(outcome)")
            }
            #expect(outcomes == ["sent", "queued"])
            #expect(loop.pendingWrites > 100)
            probe.onDrained = { $0.close() }
            let reader = try NamedThread.start(name: "reader") {
                var all: [UInt8] = []
                while let part = peer.receive(997), !part.isEmpty { all += part }
                got.update { $0 = all }
                peer.close()
            }
            loop.run()
            reader.join()
            #expect(probe.drains == 1)
        }
        #expect(got.value == expected)
    }

    @Test func `an echo over TCP returns every byte, reading only while it can write`() throws {
        let size = 10 << 20
        let got = Shared<[UInt8]>([])
        try withLoop { loop in
            var most = 0
            var listener: Listener?
            listener = try Listener(on: loop, address: localhost) { stream in
                listener?.close()
                let probe = Probe()
                probe.onBytes = { stream, bytes in
                    if stream.write(SharedBytes(bytes).all) == .queued { stream.stopReading() }
                    most = max(most, stream.queuedBytes)
                }
                probe.onDrained = { $0.startReading() }
                probe.onEnd = { $0.shutdownThenClose(lingerMilliseconds: 1000) }
                stream.delegate = probe
                stream.startReading()
                #expect(stream.isReading)
            }
            let address = try #require(listener).boundAddress
            let client = try NamedThread.start(name: "client") {
                let peer = Peer(to: address, receiveBuffer: 4096)
                let sender = try? NamedThread.start(name: "sender") {
                    peer.send(pattern(size))
                    peer.finish()
                }
                got.update { $0 = peer.receiveAll() }
                sender?.join()
                peer.close()
            }
            loop.run()
            client.join()
            // One read's worth at most, because reading stops while something is queued.
            #expect(most <= 65_536)
        }
        #expect(got.value == pattern(size))
    }

    @Test func `the end of input is told once, and the answer can still be written`() throws {
        try withLoop { loop in
            let (stream, probe, peer) = try connected(on: loop)
            var ends = 0
            probe.onEnd = { stream in
                ends += 1
                #expect(stream.hasEnded)
                stream.startReading()
                #expect(!stream.isReading)
                #expect(stream.write(SharedBytes(utf8: "answer").all) == .sent)
                stream.close()
            }
            stream.startReading()
            peer.send("question")
            peer.finish()
            loop.run()
            #expect(ends == 1)
            #expect(probe.received == Array("question".utf8))
            #expect(peer.text() == "answer")
            peer.close()
        }
    }

    @Test func `what is not read stays in the kernel`() throws {
        try withLoop { loop in
            let (stream, probe, peer) = try connected(on: loop)
            probe.onBytes = { stream, _ in stream.stopReading() }
            stream.startReading()
            peer.send("one")
            let timer = LoopTimer(on: loop) {}
            timer.start(after: 20)
            loop.run()
            peer.send("two")
            timer.start(after: 20)
            loop.run()
            timer.close()
            #expect(probe.received == Array("one".utf8))
            probe.onBytes = { stream, _ in stream.close() }
            stream.startReading()
            loop.run()
            #expect(probe.received == Array("onetwo".utf8))
            peer.close()
        }
    }
}
