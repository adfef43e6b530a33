import EventLoop
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(300))) struct NotifySocketTests {
    @Test(arguments: [false, true])
    func `messages arrive one by one, at a path and at an abstract name`(isAbstract: Bool) throws {
        let receiver = try NotifyReceiver(isAbstract: isAbstract)
        let socket = try NotifySocket(receiver.name)
        try socket.send("READY=1\nSTATUS=fine")
        try socket.send("STOPPING=1")
        try receiver.waitFor("STOPPING=1")
        #expect(receiver.messages == ["READY=1\nSTATUS=fine", "STOPPING=1"])
    }

    @Test(arguments: ["", "/", "@", "relative/path", "vsock:2:1234"])
    func `a name that is neither a path nor an abstract name is refused`(name: String) {
        #expect(throws: UVError.invalid) { try NotifySocket(name) }
    }

    @Test func `a name that is too long is refused`() throws {
        #expect(throws: UVError.nameTooLong) { try NotifySocket("/" + String(repeating: "x", count: 107)) }
        _ = try NotifySocket("/" + String(repeating: "x", count: 106))
    }

    @Test func `nobody there is an error`() throws {
        let socket = try NotifySocket(temporaryPath("no-manager"))
        #expect(throws: UVError.self) { try socket.send("READY=1") }
    }

    @Test func `the monotonic clock goes on in microseconds`() {
        let first = monotonicMicroseconds()
        let begin = SuspendingClock.now
        while SuspendingClock.now - begin < .milliseconds(2) {}
        #expect(monotonicMicroseconds() >= first + 1_999)
    }
}
