import Catalog
import History
import Persistence
import Store
import TestSupport
import Testing

/// The history of an upstream whose rows differ with every fetch.
@Suite(.timeLimit(.minutes(300))) struct HistoryBoundTests {
    private static let bound = 400_000
    private static var settings: StoreSettings {
        var settings = StoreSettings()
        settings.maximumHistoryBytes = bound
        return settings
    }

    /// Its rows have the number of the request in two places, so that none is stored as a small difference.
    private static func catalogue(_ request: Int64) throws -> Snapshot {
        let text = String(repeating: "long and constant ", count: 12)
        return try .of(
            (0..<20).map { #"{"id":"a/\#($0)","request":\#(request),"description":"\#(text)","served":\#(request)}"# })
    }

    /// Records one catalogue after the other in a folder, as a loop does.
    private struct Recording {
        let folder: HistoryFolder
        var journal: HistoryJournal
        var lists: [Int64: String] = [:]
        var events: [Event] = []
        var beginning: Int64 = 0
        /// How often the journal was read again.
        var readings = 0

        init(_ folder: HistoryFolder) throws {
            self.folder = folder
            journal = try folder.journal()
        }

        mutating func record(_ times: ClosedRange<Int64>) throws {
            for time in times {
                if journal.isToBeReadAgain {
                    journal = try folder.journal()
                    readings += 1
                }
                let catalogue = try HistoryBoundTests.catalogue(time)
                lists[time] = catalogue.text
                let recorded = journal.record(catalogue, at: time, keep: nil)
                let addition = try #require(recorded)
                #expect(try folder.append(addition.batch))
                events += addition.events
                beginning = addition.span.beginning
            }
        }
    }

    @Test func `the history has a bound, and its newest part is kept whole`() throws {
        let folder = try HistoryFolder(Self.settings)
        var recording = try Recording(folder)
        try recording.record(1...150)
        #expect(recording.readings < 100)
        // Each catalogue takes some fifteen thousand bytes.
        #expect((110...140).contains(recording.beginning), "\(recording.beginning)")
        try folder.restart()
        // The file does not become smaller, so it is as large as it ever was.
        #expect(folder.size < 2 * Self.bound, "\(folder.size)")
        for time in 1...150 as ClosedRange<Int64> {
            let expected = time < recording.beginning ? nil : recording.lists[time]
            #expect(try folder.list(asOf: time) == expected, "as of \(time)")
        }
        var query = EventQuery()
        query.since = .cursor(0)
        query.limit = 1000
        let page = try #require(try folder.page(query))
        #expect(page.events == recording.events.filter { $0.at >= recording.beginning })
        #expect(page.events.count >= 200)

        // It goes on where it was.
        recording.journal = try folder.journal()
        try recording.record(151...160)
        #expect(try folder.list(asOf: 160) == recording.lists[160])
        #expect(folder.reported.current == [])
    }

    @Test func `the bound does not concern the history of another upstream`() throws {
        let folder = try HistoryFolder(Self.settings)
        let secret = try StateSecret.read(folder.path)
        let other = HistoryDatabase(folder.store, secret: secret, upstream: "https://other.example")
        var journal = HistoryJournal(other.seal, now: 0)
        let first = try Self.catalogue(1)
        let begun = journal.record(first, at: 1, keep: nil)
        let batch = try #require(begun).batch
        #expect(try HistoryFolder.wait { other.append(batch, reply: $0) })

        var recording = try Recording(folder)
        try recording.record(10...50)
        #expect(recording.beginning > 10)
        guard case .found(let stored) = try HistoryFolder.wait({ other.readList(at: 2, reply: $0) }),
            case .list(let list)? = PastList.read(stored, at: 2, other.seal)
        else {
            Issue.record("it is gone")
            return
        }
        #expect(list.catalogue.text == first.text)
    }
}
