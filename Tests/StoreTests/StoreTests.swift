import Bytes
import TestSupport
import Testing

@testable import Store

@Suite("Store", .timeLimit(.minutes(300)))
struct StoreCallsTests {
    @Test("What was put is found again, by this process and by the next")
    func roundTrip() throws {
        let folder = try Folder()
        let events = Events()
        let record = StoredRecord.make(body: noise(100_000))
        let mine = StoredRecord.make(owner: [0, 1, 255], body: [], stored: 2)
        do {
            let store = try Store.make(folder, events)
            store.start()
            store.put(record, note: Note(name: "clock", bytes: SharedBytes([7, 8])))
            store.put(mine)
            #expect(try store.readAndWait(record.key)?.isWhole == true)
            #expect(try store.readAndWait(mine.key)?.isWhole == true)
            #expect(store.close(deadline: .hang))
        }
        let store = try Store.make(folder, events)
        #expect(
            store.list() == [
                KeptRecord(key: mine.key, stored: 2, bytes: mine.byteCount),
                KeptRecord(key: record.key, stored: 1, bytes: record.byteCount),
            ])
        #expect(store.read(record.key)?.isWhole == true)
        #expect(store.read(mine.key)?.body.count == 0)
        #expect(store.note("clock")?.array == [7, 8])
        #expect(store.note("other") == nil)
        #expect(store.read(RecordKey(resource: "/models", owner: [0])) == nil)
        #expect(events.list == [])
    }

    @Test("Keys are told apart by every byte, also by a zero and an empty name")
    func keys() throws {
        let folder = try Folder()
        let keys = ["", "a", "a\0", "a\0b", "é", "A"].flatMap { name in
            [[], [0], [0, 0], Array("a".utf8)].map { RecordKey(resource: name, owner: $0) }
        }
        do {
            let store = try Store.make(folder)
            for (index, key) in keys.enumerated() {
                store.put(.make(key.resource, owner: key.owner, body: Array("\(index)".utf8)))
            }
            #expect(store.close(deadline: .hang))
        }
        let store = try Store.make(folder)
        for (index, key) in keys.enumerated() {
            let record = try #require(store.read(key))
            #expect(record.isWhole)
            #expect(record.body.text == "\(index)")
        }
        #expect(store.list().count == keys.count)
    }

    @Test("An equal body is kept once, and goes with the last response that names it")
    func bodiesAreShared() throws {
        let folder = try Folder()
        let body = noise(50_000)
        func bodies() throws -> Int64 {
            let connection = try Connection(uri: "file:\(folder.state)/larder.db", flags: 6)
            let statement = try connection.prepare("SELECT count(*) FROM body")
            _ = try statement.step()
            return try statement.integer(0)
        }
        func change(_ body: (Store) -> Void) throws {
            let store = try Store.make(folder)
            body(store)
            #expect(store.close(deadline: .hang))
        }
        try change { store in
            for owner in 0..<5 { store.put(.make(owner: [UInt8(owner)], body: body)) }
        }
        #expect(try bodies() == 1)
        try change { $0.remove(RecordKey(resource: "/models", owner: [0])) }
        try change { $0.removeAll(owner: [1]) }
        try change { $0.put(.make(owner: [2], body: [1])) }
        #expect(try bodies() == 2)
        try change { store in
            store.put(.make(owner: [3], body: [1]))
            store.put(.make(owner: [4], body: [2]))
        }
        #expect(try bodies() == 2)
        try change { $0.prune(expiredBefore: 5_000) }
        #expect(try bodies() == 0)
    }

    @Test("An update of another body does nothing, neither to what waits nor to what is written")
    func updateOfAnotherBody() throws {
        let folder = try Folder()
        let record = StoredRecord.make()
        let other = StoredRecord.make(body: [7])
        func update(of body: StoredRecord, _ mark: UInt8) -> RecordUpdate {
            RecordUpdate(key: record.key, digest: body.digest, fields: SharedBytes([mark]), expires: 77, stored: 66)
        }
        do {
            let store = try Store.make(folder)
            store.put(record)
            store.update(update(of: other, 1))
            #expect(store.read(record.key)?.isWhole == true)
            #expect(store.close(deadline: .hang))
        }
        do {
            let store = try Store.make(folder)
            store.update(update(of: other, 2))
            #expect(store.read(record.key)?.isWhole == true)
            // One that is about it does not lose what the next one, which is not, is about.
            store.update(update(of: record, 3))
            store.update(update(of: other, 4))
            #expect(store.read(record.key)?.fields.array == [3])
            #expect(store.close(deadline: .hang))
        }
        let store = try Store.make(folder)
        #expect(store.read(record.key)?.fields.array == [3])
        #expect(store.close(deadline: .hang))
    }

    @Test("Callers that wait for removals learn when these are in the files, or that they cannot be written")
    func afterRemovals() throws {
        let folder = try Folder()
        let events = Events()
        let store = try Store.make(folder, events)
        store.put(.make(body: noise(5_000)))
        store.put(.make("/other", body: [1]))
        store.start()
        store.remove(StoredRecord.make().key)
        #expect(try store.removalsAreDurable())
        // As a process would find them that is started after a kill.
        let copy = try Folder()
        for name in ["larder.db", "larder.db-wal"] {
            if let bytes = folder.bytes(name) { try copy.write(bytes, to: name) }
        }
        let next = try Store.make(copy)
        #expect(next.list().map(\.key.resource) == ["/other"])
        #expect(next.close(deadline: .hang))
        #expect(store.close(deadline: .hang))
        #expect(try !store.removalsAreDurable())
    }

    @Test("An update changes fields and times and leaves the body; without a record it does nothing")
    func update() throws {
        let folder = try Folder()
        let record = StoredRecord.make()
        func newer(_ key: RecordKey) -> RecordUpdate {
            RecordUpdate(key: key, digest: record.digest, fields: SharedBytes([9]), expires: 77, stored: 66)
        }
        func check(_ found: StoredRecord?) {
            #expect(found?.fields.array == [9])
            #expect(found?.expires == 77)
            #expect(found?.stored == 66)
            #expect(found?.body.text == "the body")
        }
        do {
            let store = try Store.make(folder)
            store.put(record)
            #expect(store.close(deadline: .hang))
        }
        do {
            let store = try Store.make(folder)
            store.update(newer(record.key), note: Note(name: "n", bytes: SharedBytes([1])))
            store.update(newer(RecordKey(resource: "/other")))
            check(store.read(record.key))
            #expect(store.read(RecordKey(resource: "/other")) == nil)
            #expect(store.close(deadline: .hang))
        }
        let store = try Store.make(folder)
        check(store.read(record.key))
        #expect(store.list().count == 1)
        #expect(store.note("n")?.count == 1)
    }

    @Test func `an update says if there is no record with its body`() throws {
        let folder = try Folder()
        let record = StoredRecord.make()
        let missing = Monitor<[String]>([])
        func update(_ name: String, of resource: String = "/models", body: [UInt8]? = nil) -> RecordUpdate {
            let key = RecordKey(resource: resource)
            let digest = body.map { fakeDigest($0) } ?? record.digest
            var result = RecordUpdate(key: key, digest: digest, fields: SharedBytes([1]), expires: 10, stored: 7)
            result.reportMissing = { missing.withValue { $0.append(name) } }
            return result
        }
        let store = try Store.make(folder)
        store.start()
        // What is read now is answered before the changes are written, and the second one after that.
        func write() throws { for _ in 0..<2 { _ = try store.readAndWait(RecordKey(resource: "/none")) } }
        store.put(record)
        try write()
        store.update(update("there"))
        store.update(update("elsewhere", of: "/other"))
        try write()
        #expect(missing.current == ["elsewhere"])
        store.update(update("another body", body: [7]))
        try write()
        #expect(missing.current == ["elsewhere", "another body"])
        store.prune(expiredBefore: 11)
        try write()
        store.update(update("pruned"))
        try write()
        #expect(missing.current == ["elsewhere", "another body", "pruned"])
        store.put(record)
        try write()
        store.update(update("there again"))
        try write()
        #expect(missing.current.count == 3)
        store.setAside(reason: "test")
        try write()
        store.update(update("set aside"))
        try write()
        #expect(missing.current == ["elsewhere", "another body", "pruned", "set aside"])
        #expect(store.close(deadline: .hang))
    }

    @Test("Removals take away what they name and nothing else")
    func removals() throws {
        let folder = try Folder()
        let store = try Store.make(folder)
        store.start()
        for owner in [[], [1], [2]] as [[UInt8]] {
            for resource in ["/a", "/b"] { store.put(.make(resource, owner: owner)) }
        }
        store.put(.make("/old", expires: 10))
        store.writeNote(Note(name: "n", bytes: SharedBytes([1])))
        _ = try store.readAndWait(RecordKey(resource: "/a"))
        func left() throws -> [String] {
            try [[], [1], [2]].flatMap { (owner: [UInt8]) in
                try ["/a", "/b", "/old"].compactMap { resource in
                    try store.readAndWait(RecordKey(resource: resource, owner: owner)).map { _ in "\(owner)\(resource)"
                    }
                }
            }
        }
        store.remove(RecordKey(resource: "/a", owner: [1]))
        #expect(try left() == ["[]/a", "[]/b", "[]/old", "[1]/b", "[2]/a", "[2]/b"])
        store.prune(expiredBefore: 11)
        #expect(try left() == ["[]/a", "[]/b", "[1]/b", "[2]/a", "[2]/b"])
        store.removeAll(owner: [2])
        #expect(try left() == ["[]/a", "[]/b", "[1]/b"])
        store.removeEverything()
        #expect(try left() == [])
        #expect(store.close(deadline: .hang))
        let next = try Store.make(folder)
        #expect(next.list() == [])
        #expect(next.note("n")?.count == 1)
    }

    @Test("What was removed is no longer in any file, not even in the log")
    func removedBytesAreGone() throws {
        let folder = try Folder()
        let store = try Store.make(folder)
        store.start()
        let secret = Array("a very private list of models".utf8)
        store.put(.make(owner: [1], body: secret + noise(3_000)))
        store.put(.make("/other", body: noise(3_000, seed: 2)))
        func isOnDisk() -> Bool {
            folder.names.contains { name in
                let text = folder.bytes(name) ?? []
                return text.indices.contains { text[$0...].starts(with: secret) }
            }
        }
        try eventually("the body on the disk") { isOnDisk() }
        store.removeAll(owner: [1])
        try eventually("the body gone from the disk") { !isOnDisk() }
        #expect(store.close(deadline: .hang))
    }

    @Test("After the end calls have no effect and readers get nothing, at once")
    func afterClose() throws {
        let folder = try Folder()
        let store = try Store.make(folder)
        store.start()
        #expect(store.close(deadline: .hang))
        store.put(.make())
        #expect(try store.readAndWait(StoredRecord.make().key) == nil)
        #expect(store.close(deadline: .hang))
        #expect(try Store.make(folder).list() == [])
    }

    @Test("Many threads may call at the same time")
    func threads() throws {
        let folder = try Folder()
        let store = try Store.make(folder)
        store.start()
        let running = Monitor(4)
        for thread in 0..<4 {
            startThread {
                for step in 0..<200 {
                    let key = RecordKey(resource: "/\(step % 7)", owner: [UInt8(thread)])
                    store.put(.make(key.resource, owner: key.owner, body: noise(100, seed: UInt64(step))))
                    if step % 5 == 0 { store.remove(RecordKey(resource: "/\(step % 3)", owner: [UInt8(thread)])) }
                    store.read(key) { _ in }
                }
                running.withValue { $0 -= 1 }
            }
        }
        #expect(running.wait(.hang) { $0 == 0 ? true : nil } == true)
        #expect(store.close(deadline: .seconds(60)))
        let next = try Store.make(folder)
        #expect(next.list().count >= 16)
        for kept in next.list() { #expect(next.read(kept.key)?.isWhole == true) }
    }
}
