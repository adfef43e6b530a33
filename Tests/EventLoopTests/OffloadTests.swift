import EventLoop
import Glibc
import Testing

@Suite(.timeLimit(.minutes(300))) struct OffloadTests {
    @Test func `work runs on another thread and is answered on the loop's`() {
        withLoop { loop in
            let here = pthread_self()
            loop.offload(
                { pthread_self() },
                then: { there in
                    #expect(there != here)
                    #expect(pthread_self() == here)
                })
            #expect(loop.pendingWork == 1)
        }
    }

    @Test func `many pieces of work keep the loop open until the last is answered`() {
        withLoop { loop in
            var sum = 0
            for number in 1...100 { loop.offload({ number * 2 }, then: { sum += $0 }) }
            loop.run()
            #expect(sum == 10_100)
        }
    }

    @Test func `an answer may offload more`() {
        withLoop { loop in
            var order: [Int] = []
            loop.offload(
                { 1 },
                then: { first in
                    order.append(first)
                    loop.offload({ 2 }, then: { order.append($0) })
                })
            loop.run()
            #expect(order == [1, 2])
        }
    }

    @Test func `closing the loop waits for the work`() {
        let loop = Loop()
        var answered = false
        loop.offload({ usleep(20_000) }, then: { _ in answered = true })
        loop.close()
        #expect(answered)
    }

    @Test func `no result is a result too`() {
        withLoop { loop in
            var result: Int?? = .none
            loop.offload({ Int?.none }, then: { result = .some($0) })
            loop.run()
            #expect(result == .some(.none))
        }
    }
}
