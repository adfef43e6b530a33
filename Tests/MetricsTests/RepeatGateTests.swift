import Serving
import Testing

@testable import Metrics

@Suite("Failures that repeat")
struct RepeatGateTests {
    @Test("One line a second, and the next one tells how many there were")
    func counts() {
        var gate = RepeatGate()
        #expect(gate.admit("a", now: 5000) == .write(heldBack: 0))
        for moment in UInt64(5001)..<5011 { #expect(gate.admit("a", now: moment) == .hold) }
        #expect(gate.admit("b", now: 5500) == .write(heldBack: 0))
        #expect(gate.admit("a", now: 6000) == .write(heldBack: 10))
        #expect(gate.admit("a", now: 7000) == .write(heldBack: 0))
    }

    @Test("What no later line tells is told by itself")
    func due() {
        var gate = RepeatGate()
        _ = gate.admit("a", now: 0)
        _ = gate.admit("a", now: 1)
        _ = gate.admit("b", now: 1)
        #expect(gate.due(now: 1999).isEmpty)
        let due = gate.due(now: 2000)
        #expect(due.map(\.kind) == ["a"] && due.map(\.heldBack) == [1])
        #expect(gate.due(now: 9000).isEmpty)
    }

    @Test("However many kinds there are, only so many lines are written")
    func bounded() {
        var gate = RepeatGate()
        var written = 0
        for kind in 0..<10_000 { if case .write = gate.admit("\(kind)", now: 10) { written += 1 } }
        #expect(written == RepeatGate.mostKinds + 1)
        #expect(gate.admit("new", now: 2000) == .write(heldBack: 0))
    }
}
