import EventLoop
import Glibc
import HTTPClient
import Testing

@Suite(.timeLimit(.minutes(300))) struct StreamWaitTests {
    @Test(arguments: ["paused", "paused and closed", "answered early", "silent"])
    func `a stream that waits takes no time of the processor`(form: String) throws {
        let isAsked = Shared(false)
        let origin = try Origin { connection in
            _ = connection.request()
            isAsked.update { $0 = true }
            if form == "silent" { return connection.hang() }
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
            connection.send([UInt8](repeating: 0x61, count: form == "answered early" ? 10 : 1_000_000))
            if form != "paused and closed" { connection.hang() }
        }
        defer { origin.stop() }
        let recorder = StreamRecorder()
        var spent = 0
        try withClient { client, loop in
            func measure() {
                after(100, on: loop) {
                    let before = processorMicroseconds()
                    after(300, on: loop) {
                        spent = processorMicroseconds() - before
                        recorder.stream?.cancel()
                    }
                }
            }
            switch form {
            case "silent": when({ isAsked.value }, on: loop, measure)
            case "answered early": recorder.onBody = { recorder in if recorder.received == 10 { measure() } }
            default:
                recorder.onHead = { recorder in
                    recorder.stream?.pause()
                    measure()
                }
            }
            begin(.make("POST", origin.url, body: .chunked), on: client, recorder)
        }
        #expect(spent < 30_000, "\(spent) microseconds")
        #expect(recorder.calls == (form == "silent" ? [] : form == "answered early" ? ["200", "body"] : ["200"]))
    }
}

/// What this thread has used of the processor.
private func processorMicroseconds() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
}
