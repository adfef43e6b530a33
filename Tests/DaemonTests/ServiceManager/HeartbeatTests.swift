import Testing

@testable import Daemon

@Suite struct HeartbeatTests {
    /// What happens to a heartbeat, and what comes of it.
    private final class Ward {
        private var heartbeat: Heartbeat

        init(_ loops: Int) { heartbeat = Heartbeat(loops: loops) }

        var silent: [Int] { heartbeat.silent }
        func begin() -> [Int] { heartbeat.begin() }
        func answered(_ loop: Int) -> Bool { heartbeat.answered(loop) }
        func ended(_ loop: Int) -> Bool { heartbeat.ended(loop) }
    }

    @Test func `a round is over when the last loop has answered`() {
        let ward = Ward(3)
        #expect(ward.begin() == [0, 1, 2])
        #expect(!ward.answered(2))
        #expect(!ward.answered(0))
        #expect(ward.silent == [1])
        #expect(ward.answered(1))
        #expect(ward.silent.isEmpty)
        #expect(ward.begin() == [0, 1, 2])
    }

    @Test func `no round begins while a loop is silent, and none ends without it`() {
        let ward = Ward(2)
        #expect(ward.begin() == [0, 1])
        #expect(!ward.answered(0))
        #expect(ward.begin().isEmpty)
        #expect(!ward.answered(0))
        #expect(ward.silent == [1])
        #expect(ward.answered(1))
    }

    @Test func `an answer outside of a round ends none`() {
        let ward = Ward(1)
        #expect(!ward.answered(0))
        #expect(ward.begin() == [0])
        #expect(ward.answered(0))
        #expect(!ward.answered(0))
    }

    @Test func `a loop that has ended is waited for no more`() {
        let ward = Ward(2)
        #expect(ward.begin() == [0, 1])
        #expect(!ward.answered(0))
        #expect(ward.ended(1))
        #expect(ward.begin() == [0])
        #expect(ward.ended(0))
        #expect(ward.begin().isEmpty)
        #expect(!ward.ended(0))
    }
}
