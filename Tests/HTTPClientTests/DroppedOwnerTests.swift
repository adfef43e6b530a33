import Bytes
import EventLoop
import Glibc
import Testing

@testable import HTTPClient

/// Objects whose timers call what may drop them.
@Suite(.timeLimit(.minutes(300))) struct DroppedOwnerTests {
    /// Keeps a connection until it ends.
    private final class Owner: RawConnectionDelegate {
        var connection: RawConnection?
        var failure: FetchFailure?
        let whenConnected: () -> Void
        let whenEnded: () -> Void

        init(whenConnected: @escaping () -> Void, whenEnded: @escaping () -> Void) {
            self.whenConnected = whenConnected
            self.whenEnded = whenEnded
        }

        func connected(_ connection: RawConnection) { whenConnected() }
        func received(_ bytes: Span<UInt8>, on connection: RawConnection) {}
        func ended(_ failure: FetchFailure, on connection: RawConnection) {
            self.failure = failure
            self.connection = nil
            whenEnded()
        }
    }

    @Test func `a connection may be dropped when sending on it fails`() throws {
        ignoreBrokenPipes()
        let loop = Loop()
        let listener = try ListeningSocket(.ipv4(0x7F00_0001, port: 0))
        defer { listener.close() }
        let connector = try Connector(on: loop, caFile: nil)
        var owner: Owner?
        // Not within `connected`, after which the connection is read: reading would find the reset.
        owner = Owner(
            whenConnected: {
                after(0, on: loop) {
                    // It may be accepted a moment later than the client has it.
                    var ready = pollfd(fd: listener.descriptor, events: Int16(POLLIN), revents: 0)
                    _ = unsafe poll(&ready, 1, -1)
                    let peer = accept(listener.descriptor, nil, nil)
                    var reset = linger(l_onoff: 1, l_linger: 0)
                    _ = unsafe setsockopt(peer, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
                    close(peer)
                    owner?.connection?.send("lost".utf8.span)
                }
            }, whenEnded: { connector.close() })
        owner?.connection = connector.connect(
            to: .host("127.0.0.1", port: UInt16(try #require(listener.address.port)), isSecure: false), timeout: 60_000,
            delegate: try #require(owner))
        loop.run()
        #expect(owner?.failure?.name == "cut")
        #expect(owner?.connection == nil)
        #expect(loop.openHandles == 0)
        loop.close()
    }

    @Test func `a limit may be dropped by what it looks at`() {
        let loop = Loop()
        var limit: StreamWatch?
        var looks = 0
        limit = StreamWatch(on: loop, milliseconds: 1) {
            looks += 1
            limit?.close()
            limit = nil
            return 0
        }
        limit?.began()
        loop.run()
        #expect(looks == 1)
        #expect(loop.openHandles == 0)
        loop.close()
    }
}

@Suite(.timeLimit(.minutes(300))) struct RestingTurnsTests {
    @Test func `what rests goes on, however much comes to rest after it`() throws {
        let loop = Loop()
        var pipe: [Int32] = [0, 0]
        #expect(unsafe Glibc.pipe(&pipe) == 0)
        defer { for descriptor in pipe { close(descriptor) } }
        #expect(unsafe write(pipe[1], "x", 1) == 1)
        var last = 0
        var first: [Int] = []
        var turns: RestingTurns<Int>?
        var poll: DescriptorPoll?
        func end() {
            turns?.close()
            poll?.close()
        }
        turns = RestingTurns(on: loop) { some in
            first = some
            end()
        }
        // It is always readable, so that each turn of the loop adds one, just before the timers are looked at. A turn is
        // shorter than the rest, but three of them are longer.
        poll = try DescriptorPoll(on: loop, descriptor: pipe[0]) { _ in
            let begun = loop.nowNanoseconds
            while loop.nowNanoseconds - begun < 600_000 {}
            last += 1
            turns?.add(last)
            if last == 1_000 { end() }
        }
        poll?.watch(for: .readable)
        loop.run()
        #expect(last <= 3)
        #expect(first.count == last)
        loop.close()
    }

    @Test func `what goes on may come to rest again, and closing drops what rests`() {
        let loop = Loop()
        var rounds: [[String]] = []
        var turns: RestingTurns<String>?
        turns = RestingTurns(on: loop) { some in
            rounds.append(some)
            for one in some { turns?.add(one) }
            if rounds.count == 3 {
                turns?.close()
                turns?.close()
                turns = nil
            }
        }
        turns?.add("a")
        turns?.add("b")
        loop.run()
        #expect(rounds == Array(repeating: ["a", "b"], count: 3))
        #expect(loop.openHandles == 0)
        loop.close()
    }
}
