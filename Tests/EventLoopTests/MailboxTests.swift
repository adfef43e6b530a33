import EventLoop
import Testing
import Threads

@Suite(.timeLimit(.minutes(300))) struct MailboxTests {
    @Test func `two loops play ping-pong`() throws {
        let finished = Shared(0)
        let door = Shared<Mailbox<Int>?>(nil)
        let loop = Loop()
        var mine: Mailbox<Int>?
        mine = Mailbox(on: loop) { count in
            door.value?.send(count + 1)
            if count >= 1000 { mine?.close() }
        }
        let home = try #require(mine)
        let thread = try NamedThread.start(name: "pong") {
            withLoop { loop in
                let theirs = Mailbox<Int>(on: loop) { count in
                    finished.update { $0 = count }
                    home.send(count + 1)
                    if count >= 1000 { door.value?.close() }
                }
                door.update { $0 = theirs }
                home.send(0)
            }
        }
        loop.run()
        thread.join()
        #expect(loop.openHandles == 0)
        loop.close()
        #expect(finished.value >= 1000)
        #expect(home.send(1) == false)
        #expect(door.value?.send(1) == false)
    }

    @Test func `messages of each sender come in order and none is lost`() throws {
        let senders = 4
        let each = 5000
        try withLoop { loop in
            var next = Array(repeating: 0, count: senders)
            var mailbox: Mailbox<(Int, Int)>?
            mailbox = Mailbox(on: loop) { sender, number in
                #expect(next[sender] == number)
                next[sender] = number + 1
                if next.allSatisfy({ $0 == each }) { mailbox?.close() }
            }
            let box = try #require(mailbox)
            let threads = try (0..<senders).map { sender in
                try NamedThread.start(name: "sender") { for number in 0..<each { box.send((sender, number)) } }
            }
            loop.run()
            for thread in threads { thread.join() }
            #expect(next == Array(repeating: each, count: senders))
        }
    }

    @Test func `nothing is received after a close, even in the middle of a batch`() throws {
        try withLoop { loop in
            var received: [Int] = []
            var mailbox: Mailbox<Int>?
            mailbox = Mailbox(on: loop) { number in
                received.append(number)
                if number == 2 { mailbox?.close() }
            }
            let box = try #require(mailbox)
            for number in 1...5 { box.send(number) }
            loop.run()
            #expect(received == [1, 2])
            #expect(box.send(6) == false)
            box.close()
        }
    }

    @Test func `sending while another thread closes is safe`() throws {
        for _ in 0..<50 {
            let started = Shared(false)
            let loop = Loop()
            let box = Mailbox<Int>(on: loop) { _ in }
            let thread = try NamedThread.start(name: "sender") {
                started.update { $0 = true }
                while box.send(1) {}
            }
            while !started.value {}
            box.close()
            loop.run()
            thread.join()
            #expect(loop.openHandles == 0)
            loop.close()
        }
    }
}
