import Glibc
import Testing
import Threads

@Suite(.timeLimit(.minutes(30))) struct NamedThreadTests {
    @Test func `a thread has its name, cut to what the kernel keeps, and is joined`() throws {
        let name = Mutex("")
        let thread = try NamedThread.start(name: "larder-loop-number-one") {
            let path = "/proc/thread-self/comm"
            name.withLock { $0 = contents(path) }
        }
        thread.join()
        #expect(name.withLock { $0 } == "larder-loop-num\n")
    }
}

private func contents(_ path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY)
    defer { _ = close(descriptor) }
    var room = [UInt8](repeating: 0, count: 64)
    let count = unsafe room.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    return String(decoding: room.prefix(max(0, count)), as: UTF8.self)
}
