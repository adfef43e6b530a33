import Testing

@testable import Daemon

/// What the supervisor knows of its loops.
@Suite struct LoopGroupTests {
    @Test func `all have drained when each has said so, however often`() {
        let loops = Loops(count: 3)
        #expect(!loops.drained(0) && !loops.drained(0) && !loops.drained(0))
        #expect(!loops.drained(2))
        #expect(loops.drained(1))
        #expect(!loops.drained(1), "it is said once")
    }

    private final class Loops {
        private var group: LoopGroup
        init(count: Int) { group = LoopGroup(count: count) }
        func drained(_ index: Int) -> Bool { group.drained(index) }
    }
}
