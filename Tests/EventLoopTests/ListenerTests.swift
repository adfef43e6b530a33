import Bytes
import EventLoop
import Glibc
import Testing
import Threads

@Suite(.timeLimit(.minutes(300))) struct ListenerTests {
    /// Accepts one connection at the address, greets it, and closes both; what the peer read is the result.
    private func greeting(at address: SocketAddress) throws -> String {
        let text = Shared("")
        try withLoop { loop in
            var listener: Listener?
            listener = try Listener(on: loop, address: address) { stream in
                #expect(stream.write(SharedBytes(utf8: "welcome").all) == .sent)
                stream.close()
                listener?.close()
                listener?.close()
            }
            let bound = try #require(listener).boundAddress
            let peer = try NamedThread.start(name: "peer") {
                let peer = Peer(to: bound)
                text.update { $0 = peer.text() }
                peer.close()
            }
            loop.run()
            peer.join()
        }
        return text.value
    }

    @Test func `port 0 is some port, and it can be connected to`() throws {
        #expect(try greeting(at: localhost) == "welcome")
    }

    @Test func `IPv6 is listened on`() throws {
        #expect(try greeting(at: .ipv6(0, 1, port: 0)) == "welcome")
    }

    @Test func `a unix socket is listened on, and its file goes with the listener`() throws {
        let path = temporaryPath("greeting")
        #expect(try greeting(at: .unix(path: path)) == "welcome")
        #expect(!exists(path))
    }

    @Test func `a port in use is an error, and nothing stays open`() throws {
        try withLoop { loop in
            let first = try Listener(on: loop, address: localhost, reusePort: false) { _ in }
            #expect(throws: UVError.addressInUse) {
                try Listener(on: loop, address: first.boundAddress, reusePort: false) { _ in }
            }
            #expect(throws: UVError.addressInUse) {
                try Listener(on: loop, address: first.boundAddress, reusePort: true) { _ in }
            }
            first.close()
        }
    }

    @Test func `a unix socket that somebody answers on is in use`() throws {
        let path = temporaryPath("used")
        try withLoop { loop in
            let first = try Listener(on: loop, address: .unix(path: path)) { _ in }
            #expect(throws: UVError.addressInUse) { try Listener(on: loop, address: .unix(path: path)) { _ in } }
            #expect(exists(path))
            first.close()
        }
    }

    @Test func `a stale unix socket is taken over`() throws {
        let path = temporaryPath("stale")
        // Closing the descriptor alone leaves the file, as a kill does.
        let left = try ListeningSocket(.unix(path: path))
        _ = close(left.descriptor)
        #expect(exists(path))
        #expect(try greeting(at: .unix(path: path)) == "welcome")
    }

    @Test func `two loops share one port`() throws {
        let first = try ListeningSocket(localhost)
        let second = try ListeningSocket(first.address)
        #expect(first.address == second.address)
        let counts = Shared([0, 0])
        let connections = 64
        let doors = Shared<[Mailbox<Void>]>([])
        let threads = try [first, second].enumerated().map { index, socket in
            try NamedThread.start(name: "loop") {
                withLoop { loop in
                    let listener = try? Listener(on: loop, socket: socket) { stream in
                        counts.update { $0[index] += 1 }
                        stream.close()
                        if counts.value.reduce(0, +) == connections { for door in doors.value { door.send(()) } }
                    }
                    #expect(listener != nil)
                    let stop = Shared<Mailbox<Void>?>(nil)
                    let door = Mailbox<Void>(on: loop) { _ in
                        listener?.close()
                        stop.value?.close()
                    }
                    stop.update { $0 = door }
                    doors.update { $0.append(door) }
                }
            }
        }
        while doors.value.count < 2 { usleep(1000) }
        for _ in 0..<connections {
            let peer = Peer(to: first.address)
            _ = peer.receive()
            peer.close()
        }
        for thread in threads { thread.join() }
        #expect(counts.value.reduce(0, +) == connections)
        #expect(counts.value.allSatisfy { $0 > 0 })
    }

    @Test func `a duplicated socket is accepted from by whichever loop comes first`() throws {
        let path = temporaryPath("duplicate")
        let original = try ListeningSocket(.unix(path: path))
        let copy = try original.duplicate()
        original.close()
        // The file is gone with the original, the socket is not: it listens until its last descriptor closes.
        try withLoop { loop in
            let listener = try Listener(on: loop, socket: copy) { _ in }
            #expect(listener.boundAddress == .unix(path: path))
            listener.close()
        }
    }

    @Test func `a descriptor that was handed over is listened on`() throws {
        let socket = try ListeningSocket(localhost)
        try withLoop { loop in
            var listener: Listener?
            listener = try Listener(on: loop, socket: try ListeningSocket(descriptor: socket.descriptor)) { stream in
                stream.close()
                listener?.close()
            }
            let bound = try #require(listener).boundAddress
            #expect(bound == socket.address)
            let peer = Peer(to: bound)
            loop.run()
            #expect(peer.receiveAll() == [])
            peer.close()
        }
    }

    @Test func `a paused listener leaves connections waiting until it is resumed`() throws {
        try withLoop { loop in
            var accepted = 0
            var listener: Listener?
            var timer: LoopTimer?
            listener = try Listener(on: loop, address: localhost) { stream in
                accepted += 1
                stream.close()
                listener?.pause()
            }
            let address = try #require(listener).boundAddress
            let peers = [Peer(to: address), Peer(to: address)]
            var looks = 0
            timer = LoopTimer(on: loop) {
                // The sockets have their turn after the timers, so a whole period passes after the first is accepted.
                if accepted > 0 { looks += 1 }
                if looks < 2 { return }
                #expect(accepted == 1)
                #expect(listener?.isPaused == true)
                listener?.resume()
                timer?.close()
                let second = LoopTimer(on: loop) {}
                second.start(after: 1)
                second.close()
            }
            timer?.start(after: 30, repeating: 30)
            loop.run()
            #expect(accepted == 2)
            listener?.close()
            for peer in peers { peer.close() }
        }
    }

    @Test func `connections that are accepted send small writes at once`() throws {
        try withLoop { loop in
            var listener: Listener?
            let socket = try ListeningSocket(localhost)
            listener = try Listener(on: loop, socket: socket) { stream in
                stream.close()
                listener?.close()
            }
            let peer = Peer(to: socket.address)
            var inherited: Int32 = 0
            var size = socklen_t(4)
            unsafe getsockopt(socket.descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &inherited, &size)
            #expect(inherited != 0)
            loop.run()
            peer.close()
        }
    }

    @Test func `of what a reader is slow to take, the kernel holds but a part`() throws {
        try withLoop { loop in
            let socket = try ListeningSocket(localhost)
            var listener: Listener?
            var taken = 0
            let body = SharedBytes(Array(repeating: UInt8(ascii: "x"), count: 8 << 20))
            listener = try Listener(on: loop, socket: socket) { stream in
                #expect(stream.write(body.all) == .queued)
                taken = body.count - stream.queuedBytes
                stream.close()
                listener?.close()
            }
            let peer = Peer(to: socket.address, receiveBuffer: 4096)
            loop.run()
            peer.close()
            // Half a megabyte, and what was on its way to the reader.
            #expect(taken > 0 && taken < 1 << 20)
        }
    }

    @Test func `running out of descriptors makes accepting rest, and not spin, until there are some`() async {
        await #expect(processExitsWith: .success) {
            let loop = Loop()
            var errors: [UVError] = []
            var accepted = 0
            var listener: Listener?
            listener = try Listener(on: loop, address: localhost) { stream in
                accepted += 1
                stream.close()
                listener?.close()
            }
            _ = Peer(to: try #require(listener).boundAddress)
            let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            var limit = rlimit()
            unsafe getrlimit(descriptors, &limit)
            let normal = limit.rlim_cur
            // Every number from 1 on is too high for a new one; those that are open stay so.
            limit.rlim_cur = 1
            unsafe setrlimit(descriptors, &limit)
            limit.rlim_cur = normal
            listener?.failed = { error in
                errors.append(error)
                if errors.count == 2 { unsafe setrlimit(descriptors, &limit) }
            }
            let begin = loop.nowMilliseconds
            let spent = threadTime()
            loop.run()
            #expect(errors == [.tooManyFiles, .tooManyFiles])
            #expect(accepted == 1)
            #expect(loop.nowMilliseconds >= begin + 200)
            #expect(threadTime() - spent < 50_000_000)
            #expect(loop.openHandles == 0)
            loop.close()
        }
    }
}

/// Nanoseconds that this thread has kept a core busy.
private func threadTime() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}
