import Bytes
import HTTPCore
import Testing

@Suite struct KeepAliveTests {
    @Test(arguments: [
        ("timeout=5", 5), ("timeout=5, max=100", 5), ("max=100,TimeOut = 60 ", 60), ("timeout=\"7\"", 7),
        ("timeout=0", 0),
        ("timeout=99999999999999999999", 1 << 31), ("timeout=5, timeout=6", 5),
    ])
    func `the server's time limit is read`(value: String, seconds: Int) {
        #expect(KeepAlive.timeout(value.utf8.span) == seconds)
    }

    @Test(arguments: [
        "", "max=100", "timeout", "timeout=", "timeout=-1", "timeout=1.5", "timeout=1s", "\"timeout=5\"", "xtimeout=5",
    ])
    func `what names no time limit has none`(value: String) {
        #expect(KeepAlive.timeout(value.utf8.span) == nil)
    }
}
