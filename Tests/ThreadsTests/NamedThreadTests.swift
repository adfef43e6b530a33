import Glibc
import Testing
import Threads

@Suite(.timeLimit(.minutes(300))) struct NamedThreadTests {
    @Test func `a thread has its name, cut to what the kernel keeps, and is joined`() throws {
        let name = Mutex("")
        let thread = try NamedThread.start(name: "larder-loop-number-one") {
            let path = "/proc/thread-self/comm"
            name.withLock { $0 = contents(path) }
        }
        thread.join()
        #expect(name.withLock { $0 } == "larder-loop-num\n")
    }

    @Test func `signals from outside are blocked on it and on the threads that it starts`() throws {
        let (outer, inner) = (Mutex(Set<Int32>()), Mutex(Set<Int32>()))
        let before = blockedSignals()
        let thread = try NamedThread.start(name: "outer") {
            outer.withLock { $0 = blockedSignals() }
            let other = try? NamedThread.start(name: "inner") { inner.withLock { $0 = blockedSignals() } }
            other?.join()
        }
        #expect(blockedSignals() == before)
        thread.join()
        for blocked in [outer.withLock { $0 }, inner.withLock { $0 }] {
            #expect(blocked.isSuperset(of: [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGCHLD]))
            #expect(blocked.subtracting(before).isDisjoint(with: [SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT]))
        }
    }
}

/// The signals that are not delivered on the calling thread.
private func blockedSignals() -> Set<Int32> {
    var set = sigset_t()
    unsafe pthread_sigmask(SIG_BLOCK, nil, &set)
    return Set((1..<32).filter { unsafe sigismember(&set, $0) == 1 })
}

private func contents(_ path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY)
    defer { _ = close(descriptor) }
    var room = [UInt8](repeating: 0, count: 64)
    let count = unsafe room.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    return String(decoding: room.prefix(max(0, count)), as: UTF8.self)
}
