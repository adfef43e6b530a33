import TestSupport
import Testing

@Suite struct MonitorTests {
    @Test func `wakes those who wait for a change`() {
        let monitor = Monitor(0)
        for _ in 0..<10 { startThread { monitor.withValue { $0 += 1 } } }
        #expect(monitor.wait(.hang) { $0 == 10 ? $0 : nil } == 10)
        #expect(monitor.current == 10)
    }

    @Test func `gives up when the time has passed`() {
        #expect(Monitor(false).wait(.milliseconds(20)) { $0 ? () : nil } == nil)
    }

    @Test func `eventually asks until it holds, or throws`() throws {
        var asked = 0
        try eventually("three questions") {
            asked += 1
            return asked == 3
        }
        #expect(throws: TimedOut.self) { try eventually("never", within: .milliseconds(20)) { false } }
    }
}
