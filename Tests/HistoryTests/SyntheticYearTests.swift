import Catalog
import CatalogJSON
import History
import HistoryReference
import JSONDocument
import TestSupport
import Testing

/// What a year of changes takes to store.
@Suite struct SyntheticYearTests {
    /// What a store needs beside an interval's or an event's own bytes: at most so much for each.
    private static let bytesOfAnInterval = 100
    private static let bytesOfAnEvent = 40

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"))
    func aYearOfTenChangesADayTakesMegabytes() throws {
        let list = try #require(RealLists.all.first { $0.name.contains("2026-07-12") })
        let data = try #require(try JSONDocument(parsing: list.body.span).root["data"])
        var rows = data.elements.map { Row(PlainValue($0)) }
        var random = SeededGenerator(seed: 365)
        var history = RecordedTimeline()
        history.record(Self.snapshot(rows), at: 0)
        let first = history.records.byteCount
        for day in 1...365 {
            for change in 0..<10 { Self.change(&rows, "\(day)-\(change)", &random) }
            history.record(Self.snapshot(rows), at: Int64(day) * 86_400)
        }
        let records = history.records
        let events = records.events.reduce(0) { $0 + $1.json.count + Self.bytesOfAnEvent }
        let intervals = records.intervalCount * Self.bytesOfAnInterval
        let stored = records.byteCount + intervals + events
        print(
            "a year: \(stored) bytes: rows \(records.byteCount) (\(records.rowCount)), intervals \(intervals)",
            "(\(records.intervalCount)), events \(events) (\(records.events.count)); the first list \(first)"
        )
        #expect(records.events.count >= 3600)
        #expect(stored < 20_000_000)
        #expect(history.list(asOf: 365 * 86_400) == ListEnvelope.plain.list(of: Self.snapshot(rows)))
    }

    /// A row, and its JSON, which is written only when the row changes.
    private struct Row {
        let value: PlainValue
        let id: String
        let json: String

        init(_ value: PlainValue) {
            self.value = value
            id = value["id"].text ?? ""
            json = SyntheticYearTests.json(value)
        }
    }

    private static func snapshot(_ rows: [Row]) -> Snapshot { .make(rows.map { ($0.id, $0.json) }) }

    /// JSON with the members sorted.
    private static func json(_ value: PlainValue) -> String {
        switch value {
        case .array(let elements): return "[" + elements.map(json).joined(separator: ",") + "]"
        case .object(let members):
            let sorted = members.sorted { $0.key < $1.key }
            return "{" + sorted.map { "\"\($0.key)\":\(json($0.value))" }.joined(separator: ",") + "}"
        default:
            var random = SeededGenerator(seed: 0)
            return value.shuffledJSON(&random)
        }
    }

    /// A model comes, goes, or has another price, context or parameter.
    private static func change(_ rows: inout [Row], _ name: String, _ random: inout SeededGenerator) {
        let index = Int.random(in: 0..<rows.count, using: &random)
        guard var row = rows[index].value.members else { return }
        switch Int.random(in: 0..<20, using: &random) {
        case 0:
            row["id"] = .string("new/\(name)")
            return rows.insert(Row(.object(row)), at: 0)
        case 1:
            rows.remove(at: index)
            return
        case 2: row["context_length"] = .number("\(Int.random(in: 1...2_000_000, using: &random))")
        case 3: row["supported_parameters"] = .array([.string("tools"), .string(name)])
        default:
            var pricing = row["pricing"]?.members ?? [:]
            pricing["prompt"] = .string("0.00000\(Int.random(in: 1...999_999, using: &random))")
            row["pricing"] = .object(pricing)
        }
        rows[index] = Row(.object(row))
    }
}
