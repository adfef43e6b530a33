import Bytes
import CatalogJSON
import Persistence
import Store
import TestSupport
import Testing

/// A store whose answers the test gives.
final class HeldStorage: HistoryStorage {
    private let reads = Monitor<[@Sendable (HistoryAnswer) -> Void]>([])

    /// A history in it.
    var database: HistoryDatabase { HistoryDatabase(self, secret: [1], upstream: "u") }

    /// How many reads there were.
    var count: Int { reads.current.count }

    /// Answers a read.
    func answer(_ number: Int, _ answer: HistoryAnswer) { reads.current[number](answer) }

    func append(_ batch: HistoryBatch, reply: @escaping @Sendable (Bool) -> Void) -> Bool { false }
    func readHistory(_ name: String, _ read: HistoryRead, reply: @escaping @Sendable (HistoryAnswer) -> Void) {
        reads.withValue { $0.append(reply) }
    }
    func setAside(reason: String) {}
}

/// A history in a store of a test's own, which is deleted when the test is over.
final class RecordedHistory {
    let database: HistoryDatabase
    private let folder: StateFolder
    private let store: Store
    private var journal: HistoryJournal

    init() throws {
        let folder = StateFolder()
        let directory = try StateDirectory(opening: folder.path) { _ in }
        let store = try Store(in: directory)
        store.start()
        self.folder = folder
        self.store = store
        database = HistoryDatabase(store, secret: directory.secret, upstream: "u")
        journal = HistoryJournal(database.seal, now: 0)
    }

    deinit { store.close(deadline: .hang) }

    /// Records a catalogue of these rows, at a time in seconds since 1970.
    func record(_ rows: [String], at time: Int64) throws {
        let catalogue = try CatalogReader.read(rows: rows.map { SharedBytes(utf8: $0) })
        let addition = journal.record(catalogue, at: time, keep: nil)
        let batch = try #require(addition).batch
        let isTaken = store.append(batch) { _ in }
        #expect(isTaken)
    }
}
