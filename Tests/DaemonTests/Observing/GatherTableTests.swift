import Metrics
import Serving
import Testing

@testable import Daemon

/// Event by event: the reports of all loops.
@Suite struct GatherTableTests {
    private final class Desk {
        private var table = GatherTable<String>()

        func add(_ client: String, loops: Int, deadline: UInt64 = 100) -> UInt64 {
            table.add(
                GatherTable.Gather(
                    page: .status, client: client, isHead: false, deadline: deadline, missing: loops))
        }
        /// A loop reports so many open connections; the client and the sum of what was reported if it was the last.
        func answered(_ ticket: UInt64, _ connections: Int) -> (String, Int)? {
            var report = MetricsReport(LoopMetrics().counts())
            report.openConnections = connections
            let complete = table.answered(ticket) { gather in
                if gather.report == nil { gather.report = report } else { gather.report?.merge(report) }
            }
            return complete.map { ($0.client, $0.report?.openConnections ?? 0) }
        }
        func overdue(_ now: UInt64) -> [String] { table.overdue(at: now).map(\.client).sorted() }
    }

    @Test func `a client is answered when the last loop has reported, with all of it`() throws {
        let desk = Desk()
        let (first, second) = (desk.add("a", loops: 3), desk.add("b", loops: 1))
        #expect(desk.answered(first, 1) == nil)
        #expect(desk.answered(first, 2) == nil)
        #expect(try #require(desk.answered(second, 7)) == ("b", 7))
        #expect(try #require(desk.answered(first, 3)) == ("a", 6))
        #expect(desk.answered(first, 4) == nil)
    }

    @Test func `a client whose loops take too long is answered once, with what there is`() {
        let desk = Desk()
        let ticket = desk.add("a", loops: 2, deadline: 100)
        _ = desk.add("b", loops: 2, deadline: 200)
        #expect(desk.answered(ticket, 1) == nil)
        #expect(desk.overdue(99) == [])
        #expect(desk.overdue(100) == ["a"])
        #expect(desk.overdue(100) == [])
        #expect(desk.answered(ticket, 2) == nil)
        #expect(desk.overdue(500) == ["b"])
    }
}
