import Glibc
import Testing

@testable import EventLoop

@Suite(.timeLimit(.minutes(300))) struct MessageSocketTests {
    @Test func `messages keep their bounds, and the end follows the last one`() throws {
        let (one, other) = try MessageSocket.pair()
        #expect(one.receive() == .nothing)
        other.send("a b")
        other.send("c")
        other.close()
        #expect(
            [one.receive(), one.receive(), one.receive(), one.receive()] == [
                .message("a b"), .message("c"), .end, .end,
            ])
        // Nobody is there to read it.
        one.send("d")
        one.close()
    }

    @Test func `one waits for a message no longer than it is told`() throws {
        let (one, other) = try MessageSocket.pair()
        #expect(one.receive(waiting: 20) == .nothing)
        other.send("late")
        #expect(one.receive(waiting: 10_000) == .message("late"))
        one.close()
        other.close()
    }

    @Test func `the end that a process was started with is told from another descriptor`() throws {
        let (one, other) = try MessageSocket.pair()
        let inherited = try #require(MessageSocket(inherited: one.descriptor))
        #expect(inherited.peer?.process == getpid())
        #expect(inherited.peer?.user == geteuid())
        #expect(fcntl(one.descriptor, F_GETFD) == FD_CLOEXEC)
        #expect(MessageSocket(inherited: STDIN_FILENO) == nil)
        let listening = try ListeningSocket(.ipv4(0x7f00_0001, port: 0))
        #expect(MessageSocket(inherited: listening.descriptor) == nil)
        listening.close()
        one.close()
        other.close()
    }

    @Test func `a name is for one process at a time`() throws {
        let name = "larder-test-\(getpid())-\(UInt32.random(in: .min ... .max))"
        #expect(throws: UVError.self) { try MessageSocket.connect(name: name) }
        let listening = try ListeningName(name)
        #expect(throws: UVError.addressInUse) { try ListeningName(name) }
        #expect(listening.accept() == nil)
        let client = try MessageSocket.connect(name: name)
        let accepted = try #require(listening.accept())
        accepted.send("hello")
        #expect(client.receive() == .message("hello"))
        accepted.close()
        client.close()
        listening.close()
        #expect(throws: UVError.self) { try MessageSocket.connect(name: name) }
    }

    @Test func `a channel reports each message and the end, and can be closed by its receiver`() throws {
        var received: [String?] = []
        var channel: MessageChannel?
        try withLoop { loop in
            let (one, other) = try MessageSocket.pair()
            channel = try MessageChannel(on: loop, one) { text in
                received.append(text)
                channel?.send("\(text ?? "end")!")
                if text == "b" {
                    #expect(other.receive() == .message("a!"))
                    other.close()
                } else if text == nil {
                    channel?.close()
                    channel = nil
                }
            }
            other.send("a")
            other.send("b")
        }
        #expect(received == ["a", "b", nil])
    }
}
