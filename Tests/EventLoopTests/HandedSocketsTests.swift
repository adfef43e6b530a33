import EventLoop
import Glibc
import Testing

@Suite(.timeLimit(.minutes(300))) struct HandedSocketsTests {
    /// Copies of descriptors side by side, far from those that other tests open.
    private func sideBySide(_ descriptors: [Int32]) throws -> Int32 {
        let first = Self.numbers.next(descriptors.count)
        for (index, descriptor) in descriptors.enumerated() {
            try #require(dup2(descriptor, first + Int32(index)) == first + Int32(index))
        }
        return first
    }

    private static let numbers = Numbers()

    private final class Numbers: Sendable {
        private let next = Shared<Int32>(700)

        func next(_ count: Int) -> Int32 {
            var first: Int32 = 0
            next.update {
                first = $0
                $0 += Int32(count)
            }
            return first
        }
    }

    private func environment(_ count: String, names: String? = nil, process: Int32 = getpid()) -> [String: String] {
        var variables = ["LISTEN_FDS": count, "LISTEN_PID": "\(process)"]
        variables["LISTEN_FDNAMES"] = names
        return variables
    }

    private func take(_ environment: [String: String], first: Int32) throws -> [ListeningSocket] {
        try HandedSockets.take(from: environment, processID: getpid(), first: first)
    }

    @Test func `sockets of TCP and unix are taken with their addresses`() throws {
        let path = temporaryPath("handed")
        let tcp = try ListeningSocket(localhost)
        let unix = try ListeningSocket(.unix(path: path))
        defer {
            tcp.close()
            unix.close()
        }
        let first = try sideBySide([tcp.descriptor, unix.descriptor])
        let taken = try take(environment("2", names: "a:b"), first: first)
        #expect(taken.map(\.address) == [tcp.address, .unix(path: path)])
        for socket in taken { socket.close() }
        // The file is its maker's.
        #expect(exists(path))
    }

    @Test func `a socket without a file is named as systemd writes it`() throws {
        let name = "larder-test-\(getpid())-abstract"
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        defer { _ = close(descriptor) }
        var raw = sockaddr_un()
        raw.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &raw.sun_path) { room in
            for (index, byte) in name.utf8.enumerated() { unsafe room[index + 1] = byte }
        }
        let size = socklen_t(MemoryLayout<sockaddr_un>.offset(of: \sockaddr_un.sun_path)! + 1 + name.utf8.count)
        let code = unsafe withUnsafePointer(to: &raw) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { unsafe bind(descriptor, $0, size) }
        }
        try #require(code == 0 && listen(descriptor, 1) == 0)
        let first = try sideBySide([descriptor])
        let taken = try take(environment("1"), first: first)
        #expect(taken.map(\.address) == [.unix(path: "@" + name)])
        for socket in taken { socket.close() }
    }

    @Test func `what is meant for another process is not touched`() throws {
        #expect(try take(environment("1", process: getpid() + 1), first: 650).isEmpty)
        #expect(try take(["LISTEN_FDS": "1"], first: 650).isEmpty)
        #expect(try take([:], first: 650).isEmpty)
        #expect(try take(environment("0"), first: 650).isEmpty)
    }

    @Test(arguments: ["-1", "x", "", "1001", "99999999999"])
    func `a number of sockets that is none is an error`(count: String) throws {
        let error = try #require(throws: HandedSocketError.self) { try take(environment(count), first: 650) }
        #expect("\(error)".contains("LISTEN_FDS=\(count)"))
    }

    @Test func `what is not a listening stream socket is an error that names it`() throws {
        let good = try ListeningSocket(localhost)
        let (mine, theirs) = Peer.pair()
        let datagram = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
        let packets = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
        let file = unsafe open("/dev/null", O_RDONLY)
        defer {
            good.close()
            mine.close()
            theirs.close()
            for descriptor in [datagram, packets, file] { _ = close(descriptor) }
        }
        for bad in [mine.descriptor, datagram, packets, file] {
            let first = try sideBySide([good.descriptor, bad])
            let error = try #require(throws: HandedSocketError.self) {
                try take(environment("2", names: "web:odd"), first: first)
            }
            #expect("\(error)".contains("descriptor \(first + 1) (odd)") && "\(error)".contains("not a listening"))
            for descriptor in [first, first + 1] { _ = close(descriptor) }
        }
        // Nothing is open there any more.
        #expect(throws: HandedSocketError.self) { try take(environment("1"), first: 650) }
    }
}
