import EventLoop
import Testing
import Threads

@Suite(.timeLimit(.minutes(300))) struct ListeningSocketTests {
    @Test func `a file that is no socket is left alone`() throws {
        let path = temporaryPath("file")
        createFile(path)
        defer { removeFile(path) }
        #expect(throws: UVError.addressInUse) { try ListeningSocket(.unix(path: path)) }
        #expect(exists(path))
    }

    @Test func `a socket file that another process has put in its place stays`() throws {
        let path = temporaryPath("replaced")
        let first = try ListeningSocket(.unix(path: path))
        removeFile(path)
        let second = try ListeningSocket(.unix(path: path))
        first.close()
        #expect(exists(path))
        second.close()
        #expect(!exists(path))
    }

    @Test func `a path too long for a socket is refused`() {
        let path = "/" + String(repeating: "x", count: 107)
        #expect(throws: UVError.nameTooLong) { try ListeningSocket(.unix(path: path)) }
    }

    @Test func `a group shares one port among its own, and with nobody who was there before`() throws {
        let group = try ListeningSocket.group(localhost, count: 3)
        #expect(Set(group.map(\.address)).count == 1)
        #expect(Set(group.map(\.descriptor)).count == 3)
        #expect(throws: UVError.addressInUse) { try ListeningSocket.group(group[0].address, count: 3) }
        #expect(throws: UVError.addressInUse) { try ListeningSocket(group[0].address, reusePort: false) }
        var accepted = [0, 0, 0]
        try withLoop { loop in
            var listeners: [Listener] = []
            for (index, socket) in group.enumerated() {
                listeners.append(
                    try Listener(on: loop, socket: socket) { stream in
                        accepted[index] += 1
                        stream.close()
                        if accepted.reduce(0, +) == 64 { for listener in listeners { listener.close() } }
                    })
            }
            let peers = (0..<64).map { _ in Peer(to: group[0].address) }
            loop.run()
            for peer in peers { peer.close() }
        }
        #expect(accepted.allSatisfy { $0 > 0 })
    }

    @Test func `a group on a unix path is one socket, whose file goes with the first`() throws {
        let path = temporaryPath("group")
        let group = try ListeningSocket.group(.unix(path: path), count: 2)
        #expect(throws: UVError.addressInUse) { try ListeningSocket.group(.unix(path: path), count: 2) }
        group[1].close()
        #expect(exists(path))
        group[0].close()
        #expect(!exists(path))
    }

    @Test func `one socket for several loops loses no connection, and lives on when they have ended`() throws {
        let original = try ListeningSocket(localhost)
        let shared = try original.shared(among: 2)
        #expect(shared.allSatisfy(\.isShared) && shared[0].descriptor == original.descriptor)
        let second = try original.duplicate()
        defer { second.close() }
        let accepted = Shared(0)
        let threads = try shared.map { socket in
            try NamedThread.start(name: "test") {
                try? withLoop { loop in
                    let listener = try Listener(on: loop, socket: socket) { stream in
                        accepted.update { $0 += 1 }
                        stream.close()
                    }
                    var watch: LoopTimer?
                    watch = LoopTimer(on: loop) {
                        guard accepted.value == 64 else { return }
                        listener.close()
                        watch?.close()
                    }
                    watch?.start(after: 1, repeating: 1)
                }
            }
        }
        let peers = (0..<64).map { _ in Peer(to: original.address) }
        for thread in threads { thread.join() }
        #expect(accepted.value == 64)
        for peer in peers {
            #expect(peer.receive() == [])
            peer.close()
        }
        // Nobody accepts any more, but who comes now waits for the next.
        let late = Peer(to: second.address)
        try withLoop { loop in
            var listener: Listener?
            listener = try Listener(on: loop, socket: try second.duplicate()) { stream in
                stream.close()
                listener?.close()
            }
        }
        #expect(late.receive() == [])
        late.close()
    }

    @Test func `a descriptor that does not listen is refused`() {
        let (mine, theirs) = Peer.pair()
        defer {
            mine.close()
            theirs.close()
        }
        #expect(throws: UVError.invalid) { try ListeningSocket(descriptor: mine.descriptor) }
    }
}
