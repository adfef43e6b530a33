import Bytes
import Catalog
import CatalogJSON
import Foundation
import History
import Persistence
import Store
import TestSupport
import Testing

/// What the history of real lists takes on the disk, and how long its parts take.
@Suite(.timeLimit(.minutes(300))) struct HistorySizeTests {
    private static func rows(_ name: String) throws -> [String] {
        let list = try #require(RealLists.all.first { $0.name.contains(name) })
        let catalogue = try CatalogReader.read(list.body.span)
        return (0..<catalogue.count).map { index in
            let row = catalogue.row(index)
            return row.span.text()
        }
    }

    /// A catalogue of these rows, of which only the ids were read.
    private static func catalogue(_ rows: [String]) -> Snapshot {
        var builder = SnapshotBuilder()
        for row in rows {
            let bytes = Array(row.utf8)
            let id = JSONScanner.member("id", of: bytes.span, in: 0..<bytes.count)
            builder.append(
                ModelFields(id: id.flatMap { JSONScanner.string(bytes.span, in: $0) } ?? ""), row: bytes.span)
        }
        return builder.finish()
    }

    /// A row with another price, context, parameter or rating.
    private static func changed(_ row: String, _ random: inout SeededGenerator) -> String {
        let number = Int.random(in: 1...999_999, using: &random)
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
            return row.replacing(/"context_length":[0-9]+/, with: "\"context_length\":\(number)", maxReplacements: 1)
        case 1:
            return row.replacing(
                /"supported_parameters":\[/, with: "\"supported_parameters\":[\"p\(number)\"],\"former\":[",
                maxReplacements: 1)
        default: return row.replacing(/"prompt":"[^"]*"/, with: "\"prompt\":\"0.00000\(number)\"", maxReplacements: 1)
        }
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"))
    func `a year of ten changes a day takes less than twenty megabytes`() throws {
        var rows = try Self.rows("2026-07-12")
        var random = SeededGenerator(seed: 365)
        let folder = try HistoryFolder()
        var journal = try folder.journal()
        var middle: [String] = []
        var events = 0
        for day: Int64 in 0...365 {
            if day > 0 {
                for _ in 0..<10 {
                    let index = Int.random(in: 0..<rows.count, using: &random)
                    rows[index] = Self.changed(rows[index], &random)
                }
            }
            if day == 180 { middle = rows }
            let addition = journal.record(Self.catalogue(rows), at: day * 86_400, keep: nil)
            #expect(try folder.append(try #require(addition).batch))
            events += addition?.events.count ?? 0
        }
        try folder.restart()
        let began = ContinuousClock.now
        let stored = try HistoryFolder.wait { folder.database.readList(at: 180 * 86_400 + 5, reply: $0) }
        let read = ContinuousClock.now
        guard case .found(let history) = stored,
            case .list(let list)? = PastList.read(history, at: 180 * 86_400 + 5, folder.database.seal)
        else {
            Issue.record("no list")
            return
        }
        let built = ContinuousClock.now
        _ = list.catalogue.select(Query(), now: 180 * 86_400)
        let selected = ContinuousClock.now
        #expect(list.catalogue.text == middle.joined(separator: "\n"))
        // For readers of the log: times depend on the machine.
        print(
            "a year: \(folder.size) bytes, \(events) events; day 180: read \(read - began), built \(built - read),",
            "selected \(selected - built)")
        #expect(events > 3_000)
        #expect(folder.size < 20_000_000)
    }

    @Test(.enabled(if: RealLists.areAtHand, "real lists are at hand"))
    func `ratings that change every day take a small part of the rows`() throws {
        let first = try Self.rows("2026-07-12")
        var random = SeededGenerator(seed: 9)
        let folder = try HistoryFolder()
        var journal = try folder.journal()
        var bytes = 0
        for day: Int64 in 0..<30 {
            let rows =
                day == 0
                ? first
                : first.map { row in
                    row.replacing(/"elo":[0-9.]+/) { _ in "\"elo\":\(Int.random(in: 1000...1500, using: &random))" }
                }
            let former = Set(first)
            if day > 0 { bytes += rows.filter { !former.contains($0) }.reduce(0) { $0 + $1.utf8.count } }
            if let addition = journal.record(Self.catalogue(rows), at: day * 86_400, keep: nil) {
                #expect(addition.events.isEmpty)
                #expect(try folder.append(addition.batch))
            }
        }
        try folder.restart()
        print("ratings: \(bytes) bytes of rows, \(folder.size) bytes of database")
        #expect(folder.size < bytes / 2 + 2_000_000)
    }
}
