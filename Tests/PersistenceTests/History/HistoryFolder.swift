import Bytes
import Catalog
import CatalogJSON
import Foundation
import History
import Persistence
import Store
import TestSupport
import Testing

/// A state directory of a test's own with a history in it, which is deleted when the test is over.
final class HistoryFolder {
    let path: String
    /// What the store has reported.
    let reported = Monitor<[StoreEvent]>([])
    private(set) var store: Store
    private(set) var database: HistoryDatabase
    private let upstream: String
    private let settings: StoreSettings

    init(
        upstream: String = "https://example.org/api/v1", path: String? = nil,
        _ settings: StoreSettings = StoreSettings()
    ) throws {
        self.path = path ?? "/tmp/larder-history-\(UInt64.random(in: 0 ... .max))"
        self.upstream = upstream
        self.settings = settings
        (store, database) = try Self.open(self.path, upstream, reported, settings)
    }

    private static func open(
        _ path: String, _ upstream: String, _ reported: Monitor<[StoreEvent]>, _ settings: StoreSettings
    ) throws -> (Store, HistoryDatabase) {
        let directory = try StateDirectory(opening: path) { event in reported.withValue { $0.append(event) } }
        let store = try Store(in: directory, settings: settings)
        store.start()
        return (store, HistoryDatabase(store, secret: directory.secret, upstream: upstream))
    }

    deinit {
        store.close(deadline: .hang)
        try? FileManager.default.removeItem(atPath: path)
    }

    /// Closes the store and opens it again, as another process would.
    func restart() throws {
        #expect(store.close(deadline: .hang))
        (store, database) = try Self.open(path, upstream, reported, settings)
    }

    /// Waits for what the store's thread replies.
    static func wait<Value: Sendable>(_ ask: (@escaping @Sendable (Value) -> Void) -> Void) throws -> Value {
        let answer = Monitor<Value?>(nil)
        ask { value in answer.withValue { $0 = value } }
        guard let value = answer.wait(.hang, until: { $0 }) else {
            throw TimedOut("an answer of the store", after: .hang)
        }
        return value
    }

    /// Stores a batch; whether it was written.
    func append(_ batch: HistoryBatch) throws -> Bool { try Self.wait { database.append(batch, reply: $0) } }

    /// Continues what is stored, or begins anew.
    func journal(now: Int64 = 0) throws -> HistoryJournal {
        switch try Self.wait(database.readLatest) {
        case .found(let stored): try #require(HistoryJournal(stored, database.seal))
        case .none: HistoryJournal(database.seal, now: now)
        case .unavailable: throw TimedOut("the history", after: .zero)
        }
    }

    /// The list of a time, in the form in which it was recorded; nil before the beginning.
    func list(asOf time: Int64) throws -> String? {
        guard case .found(let stored) = try Self.wait({ database.readList(at: time, reply: $0) }) else { return nil }
        switch try #require(PastList.read(stored, at: time, database.seal)) {
        case .list(let list): return list.catalogue.text
        case .before: return nil
        }
    }

    /// The page of a query.
    func page(_ query: EventQuery) throws -> EventPage? {
        switch try Self.wait({ database.readEvents(query, reply: $0) }) {
        case .found(let page): return page.page
        case .none, .unavailable, .damaged: return nil
        }
    }

    /// The bytes of the database's files.
    var size: Int {
        ["larder.db", "larder.db-wal"].reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: path + "/" + name)
            return sum + ((attributes?[.size] as? NSNumber)?.intValue ?? 0)
        }
    }
}

extension Snapshot {
    /// Its rows, one on each line.
    var text: String {
        (0..<count).map { index in
            let row = row(index)
            return row.span.text()
        }.joined(separator: "\n")
    }

    /// A catalogue of these rows.
    static func of(_ rows: [String]) throws -> Snapshot {
        try CatalogReader.read(rows: rows.map { SharedBytes(utf8: $0) })
    }
}

/// A list that is edited at random.
struct ListEditor {
    private(set) var rows: [(id: String, row: String)] = []
    private var random: SeededGenerator
    private var number = 0

    init(seed: UInt64, count: Int = 14) {
        random = SeededGenerator(seed: seed)
        for _ in 0..<count { rows.append(next()) }
    }

    var catalogue: Snapshot { get throws { try .of(rows.map(\.row)) } }

    private mutating func next() -> (id: String, row: String) {
        number += 1
        return row("a\(number % 3)/m-\(number)")
    }

    private mutating func row(_ id: String) -> (id: String, row: String) {
        let price = Int.random(in: 1...9, using: &random)
        let context = Int.random(in: 1...3, using: &random)
        let text = String(repeating: "long and constant ", count: 12)
        return (
            id,
            #"{"id":"\#(id)","description":"\#(text)","context_length":\#(context),"pricing":{"prompt":"0.\#(price)"}}"#
        )
    }

    mutating func edit() {
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let index = Int.random(in: 0..<rows.count, using: &random)
            switch Int.random(in: 0..<8, using: &random) {
            case 0: rows.insert(next(), at: 0)
            case 1: if rows.count > 8 { rows.remove(at: index) }
            case 2: rows.swapAt(0, index)
            case 3:
                // Half of the list gets lost at times.
                if Int.random(in: 0..<4, using: &random) == 0, rows.count > 10 { rows.removeLast(rows.count / 2) }
            default: rows[index] = row(rows[index].id)
            }
        }
    }
}
