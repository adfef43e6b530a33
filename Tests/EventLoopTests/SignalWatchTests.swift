import EventLoop
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct SignalWatchTests {
    @Test func `a signal is told on the loop, each time`() throws {
        try withLoop { loop in
            var count = 0
            var watch: SignalWatch?
            watch = try SignalWatch(on: loop, signal: SIGUSR1) {
                count += 1
                if count == 2 { watch?.close() } else { kill(getpid(), SIGUSR1) }
            }
            kill(getpid(), SIGUSR1)
            loop.run()
            #expect(count == 2)
        }
    }

    @Test func `a signal that cannot be watched is refused`() {
        withLoop { loop in
            #expect(throws: UVError.invalid) { try SignalWatch(on: loop, signal: SIGKILL) {} }
        }
    }
}
