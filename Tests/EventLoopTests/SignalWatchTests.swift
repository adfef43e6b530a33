import EventLoop
import Glibc
import Testing

@Suite(.timeLimit(.minutes(300))) struct SignalWatchTests {
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

    @Test func `a signal that is held comes once when it is released, however often it was sent`() throws {
        try withLoop { loop in
            var count = 0
            var isReleased = false
            let watch = try SignalWatch(on: loop, signal: SIGUSR2) { count += 1 }
            holdSignals([SIGUSR2])
            for _ in 0..<3 { pthread_kill(pthread_self(), SIGUSR2) }
            var timer: LoopTimer?
            timer = LoopTimer(on: loop) {
                if isReleased {
                    watch.close()
                    timer?.close()
                    return
                }
                #expect(count == 0)
                releaseSignals([SIGUSR2])
                isReleased = true
            }
            timer?.start(after: 20, repeating: 20)
            loop.run()
            #expect(count == 1)
        }
    }
}
