import Bytes
import TestSupport
import Testing

@testable import Store

@Suite("Schema", .timeLimit(.minutes(300)))
struct SchemaTests {
    private let older = Migration.all
    private let newer =
        Migration.all + [
            Migration(sql: "ALTER TABLE response ADD COLUMN extra INTEGER NOT NULL DEFAULT 5"),
            Migration(
                sql: "CREATE TABLE more(a TEXT PRIMARY KEY) STRICT; CREATE INDEX response_extra ON response(extra)"),
        ]

    private func settings(_ migrations: [Migration]) -> StoreSettings { .make { $0.migrations = migrations } }

    private func contents(_ folder: Folder) -> [String: [UInt8]] {
        Dictionary(uniqueKeysWithValues: folder.names.map { ($0, folder.bytes($0) ?? []) })
    }

    @Test("An older database is brought up to date with all that is in it")
    func migrates() throws {
        let folder = try Folder()
        let events = Events()
        for migrations in [older, newer] {
            let store = try Store.make(folder, events, settings(migrations))
            store.put(.make("/\(migrations.count)"))
            #expect(store.close(deadline: .hang))
        }
        let store = try Store.make(folder, events, settings(newer))
        #expect(store.list().map(\.key.resource).sorted() == ["/2", "/4"])
        #expect(events.list == [])
    }

    @Test("A database from before there were histories keeps what it has, and gets one")
    func addsHistories() throws {
        let folder = try Folder()
        let events = Events()
        do {
            let store = try Store.make(folder, events, settings([Migration.all[0]]))
            for number in 0..<5 { store.put(.make("/\(number)", body: noise(3_000 + number))) }
            store.writeNote(Note(name: "x", bytes: SharedBytes([1, 2])))
            #expect(store.close(deadline: .hang))
        }
        let store = try Store.make(folder, events)
        #expect(store.list().count == 5)
        for number in 0..<5 { #expect(store.read(RecordKey(resource: "/\(number)"))?.isWhole == true) }
        #expect(store.note("x")?.array == [1, 2])
        store.start()
        let isKept = Monitor<Bool?>(nil)
        let batch = HistoryBatch(name: "a", base: 0, state: SharedBytes([7]), time: 1)
        #expect(store.append(batch) { kept in isKept.withValue { $0 = kept } })
        #expect(isKept.wait(.hang) { $0 } == true)
        #expect(store.close(deadline: .hang))
        #expect(events.list == [])
    }

    @Test("A database of a later release is refused and not touched, with and without a log")
    func refusesNewer() throws {
        let folder = try Folder()
        let copy = try Folder()
        do {
            let store = try Store.make(folder, Events(), settings(newer))
            store.start()
            store.put(.make())
            store.writeNote(Note(name: "x", bytes: SharedBytes([1])))
            // What is read now is answered before the changes are written, and the second one after that.
            for _ in 0..<2 { _ = try store.readAndWait(RecordKey(resource: "/none")) }
            for name in ["larder.db", "larder.db-wal", "secret"] {
                try copy.write(folder.bytes(name) ?? [], to: name)
            }
            #expect(store.close(deadline: .hang))
        }
        try copy.write([], to: "lock")
        for folder in [folder, copy] {
            let before = contents(folder)
            let events = Events()
            #expect(throws: StoreError.newerSchema(found: 4, known: 2)) {
                _ = try Store.make(folder, events, settings(older))
            }
            #expect(contents(folder) == before)
            #expect(events.list == [])
        }
        #expect(try Store.make(copy, Events(), settings(newer)).list().count == 1)
    }

    @Test(
        "A version that only one of its two places has is damage, not a later release",
        arguments: [
            "PRAGMA user_version = 3", "PRAGMA user_version = 1", "PRAGMA user_version = 0", "PRAGMA user_version = -1",
            "UPDATE note SET bytes = CAST('9' AS BLOB) WHERE name = 'store.schema'",
            "DELETE FROM note WHERE name = 'store.schema'",
            "PRAGMA application_id = 1", "PRAGMA application_id = 0",
            "ALTER TABLE response RENAME COLUMN stored TO storee", "ALTER TABLE response DROP COLUMN expires",
            "DROP TABLE body", "CREATE TABLE other(x)", "DROP INDEX response_digest",
            "CREATE TRIGGER t AFTER INSERT ON body BEGIN DELETE FROM body; END",
        ])
    func disagreement(sql: String) throws {
        let folder = try Folder()
        let events = Events()
        #expect(try Store.make(folder).close(deadline: .hang))
        try runSQL(folder.state + "/larder.db", sql)
        let store = try Store.make(folder, events)
        store.put(.make())
        #expect(store.close(deadline: .hang))
        #expect(events.list.count == 1)
        guard case .setAside(let file, _)? = events.list.first else { throw TimedOut("\(events.list)", after: .zero) }
        #expect(folder.names.contains(file))
        #expect(try Store.make(folder).list().count == 1)
    }

    @Test("A step that fails is undone as a whole")
    func brokenStep() throws {
        let folder = try Folder()
        let events = Events()
        let store = try Store.make(folder)
        store.put(.make())
        #expect(store.close(deadline: .hang))
        let broken = Migration.all + [Migration(sql: "CREATE TABLE half(x); SELECT no_such_function()")]
        #expect(throws: DatabaseProblem.self) {
            _ = try Database.open(folder.state + "/larder.db", migrations: broken)
        }
        #expect(try Store.make(folder, events).list().count == 1)
        #expect(events.list == [])
    }

    @Test("An empty file, or one in which nothing was made yet, is a new database")
    func emptyFile() throws {
        for content in [[], ["PRAGMA journal_mode = WAL"], ["CREATE TABLE x(y); DROP TABLE x"]] as [[String]] {
            let folder = try Folder()
            let events = Events()
            try folder.write([], to: "larder.db")
            for sql in content { try runSQL(folder.state + "/larder.db", sql) }
            #expect(try Store.make(folder, events).close(deadline: .hang))
            #expect(events.list == [])
        }
    }
}
