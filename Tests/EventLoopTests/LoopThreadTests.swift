import EventLoop
import Glibc
import Testing

@Suite(.timeLimit(.minutes(10))) struct LoopThreadTests {
    @Test func `a thread has its name, cut to what the kernel keeps, and is joined`() throws {
        let name = Shared("")
        let thread = try LoopThread.spawn(name: "larder-loop-number-one") {
            let path = "/proc/thread-self/comm"
            name.update { $0 = contents(path) }
        }
        thread.join()
        #expect(name.value == "larder-loop-num\n")
    }
}

private func contents(_ path: String) -> String {
    let descriptor = unsafe open(path, O_RDONLY)
    defer { _ = close(descriptor) }
    var room = [UInt8](repeating: 0, count: 64)
    let count = unsafe room.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    return String(decoding: room.prefix(max(0, count)), as: UTF8.self)
}
