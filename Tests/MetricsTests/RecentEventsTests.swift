import Bytes
import Foundation
import Testing

@testable import Metrics

@Suite struct RecentEventsTests {
    private func object(_ events: RecentEvents) throws -> (total: Int?, numbers: [Int]) {
        let text = events.json.span.text()
        let object = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        let all = try #require(object["events"] as? [[String: Int]])
        return (object["total"] as? Int, all.compactMap { $0["number"] })
    }

    @Test func `the latest hundred are kept, the oldest first`() throws {
        var events = RecentEvents()
        #expect(try object(events) == (0, []))
        for number in 0..<250 { events.add("{\"number\":\(number)}\n") }
        #expect(try object(events) == (250, Array(150..<250)))
    }

    @Test func `one that is too long is counted and not kept`() throws {
        var events = RecentEvents()
        events.add("{\"number\":1,\"message\":\"\(String(repeating: "x", count: 5_000))\"}")
        events.add("{\"number\":2}")
        #expect(try object(events) == (2, [2]))
    }
}
