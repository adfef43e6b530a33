import EventLoop
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(300))) struct LoopTimerTests {
    @Test func `a timer fires once, after its time`() {
        withLoop { loop in
            let begin = loop.nowMilliseconds
            var timer: LoopTimer?
            timer = LoopTimer(on: loop) {
                #expect(loop.nowMilliseconds >= begin + 20)
                timer?.close()
            }
            timer?.start(after: 20)
        }
    }

    @Test func `a repeating timer fires until it is stopped`() {
        withLoop { loop in
            var count = 0
            var timer: LoopTimer?
            timer = LoopTimer(on: loop) {
                count += 1
                if count == 3 {
                    timer?.stop()
                    timer?.close()
                    timer?.close()
                }
            }
            timer?.start(after: 1, repeating: 1)
            loop.run()
            #expect(count == 3)
        }
    }

    @Test func `a stopped timer does not fire, and a started one starts anew`() {
        withLoop { loop in
            var fired: [String] = []
            let never = LoopTimer(on: loop) { fired.append("never") }
            never.start(after: 1)
            never.stop()
            let later = LoopTimer(on: loop) { fired.append("later") }
            later.start(after: 1)
            later.start(after: 30)
            let sooner = LoopTimer(on: loop) { fired.append("sooner") }
            sooner.start(after: 5)
            loop.run()
            #expect(fired == ["sooner", "later"])
            for timer in [never, later, sooner] { timer.close() }
        }
    }

    @Test func `a closed timer can be used without harm`() {
        withLoop { loop in
            let timer = LoopTimer(on: loop) { Issue.record("fired") }
            timer.start(after: 0)
            timer.close()
            timer.start(after: 0)
            timer.stop()
        }
    }

    @Test func `the wall clock is the real one`() {
        #expect(Loop.wallSeconds > 1_700_000_000)
        withLoop { loop in
            #expect(abs(loop.wallSeconds - Loop.wallSeconds) <= 1)
            #expect(loop.nowNanoseconds < loop.nowNanoseconds)
        }
    }

    @Test func `whole seconds are those of the clock that tests compare them with`() {
        // Other clocks begin a second some milliseconds earlier, so the readings must go on into the next one.
        let first = CoarseClock.seconds
        var last = first
        var areInOrder = true
        while last < first + 2 {
            let read = Int(Loop.wallSeconds)
            let next = CoarseClock.seconds
            areInOrder = areInOrder && last <= read && read <= next
            last = next
        }
        #expect(areInOrder)
    }
}
