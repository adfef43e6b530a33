import Bytes
import Glibc
import TestSupport
import Testing

@testable import Store

/// Whatever the files hold: the store opens, what it reads is right or can be told from it by its checksum, and what is put
/// is kept, unless damage comes to light later; after that it is.
@Suite("Damage", .timeLimit(.minutes(300)))
struct DamageTests {
    /// The files of a store that was killed in the middle of its work: a database, and a log that was not moved into it.
    private func killedStore() throws -> [String: [UInt8]] {
        let folder = try Folder()
        let records = (0..<12).map { StoredRecord.make("/\($0)", body: noise(1_000 + $0 * 3_000), stored: Int64($0)) }
        let store = try Store.make(folder)
        for record in records[..<8] { store.put(record) }
        #expect(store.close(deadline: .hang))
        let next = try Store.make(folder)
        next.start()
        for record in records[8...] { next.put(record) }
        for record in records[2..<5] {
            next.update(
                RecordUpdate(
                    key: record.key, digest: record.digest, fields: record.fields, expires: record.expires,
                    stored: record.stored))
        }
        next.put(.make("/last"))
        // What is read now is answered before the changes are written, and the second one after that.
        for _ in 0..<2 { _ = try next.readAndWait(RecordKey(resource: "/none")) }
        let files = ["larder.db", "larder.db-wal", "secret"]
        let copy = Dictionary(uniqueKeysWithValues: files.map { ($0, folder.bytes($0) ?? []) })
        #expect(next.close(deadline: .hang))
        return copy
    }

    /// Opens such files, reads all of it and continues with it; says whether anything was lost.
    @discardableResult
    private func open(_ files: [String: [UInt8]], _ what: String) throws -> Bool {
        let folder = try Folder()
        for (name, bytes) in files { try folder.write(bytes, to: name) }
        let events = Events()
        var right = 0
        do {
            let store = try Store.make(folder, events)
            for kept in store.list() { if store.read(kept.key)?.isWhole == true { right += 1 } }
            store.start()
            for number in 0..<4 { _ = try store.readAndWait(RecordKey(resource: "/\(number)")) }
            store.put(.make("/new", body: noise(20_000), stored: 1_000))
            store.remove(RecordKey(resource: "/3"))
            store.removeAll(owner: [4])
            store.prune(expiredBefore: 3)
            #expect(store.close(deadline: .hang), "\(what)")
        }
        do {
            // Damage that comes to light after the put takes it along. From then on the database is a new one.
            let next = try Store.make(folder, events)
            let isKept = next.read(RecordKey(resource: "/new"))?.isWhole
            #expect(isKept == true || isKept == nil && !events.list.isEmpty, "\(what): \(events.list)")
            #expect(next.read(RecordKey(resource: "/3")) == nil, "\(what)")
            if isKept == nil { next.put(.make("/new", stored: 1_000)) }
            #expect(next.close(deadline: .hang), "\(what)")
        }
        let last = try Store.make(folder, events)
        #expect(last.read(RecordKey(resource: "/new"))?.isWhole == true, "\(what): \(events.list)")
        let setAside = events.list.filter { if case .setAside = $0 { true } else { false } }
        #expect(setAside.count == events.list.count, "\(what): \(events.list)")
        #expect(setAside.count <= 1, "\(what): \(events.list)")
        #expect(folder.names.filter { $0.hasPrefix("larder.damaged") && $0.hasSuffix(".db") }.count == setAside.count)
        return right < 13
    }

    @Test("Files as they were at a kill lose nothing")
    func killed() throws { #expect(try open(killedStore(), "untouched") == false) }

    @Test("Bits turned anywhere in the database or its log")
    func flips() throws {
        let files = try killedStore()
        var random = SeededGenerator(seed: 5)
        var harmed = 0
        for round in 0..<300 {
            let name = round % 3 == 0 ? "larder.db-wal" : "larder.db"
            var changed = files
            let count = files[name]?.count ?? 0
            // Half of them in the first pages, where all the structure is.
            let position = Int.random(in: 0..<(round % 2 == 0 ? min(count, 16_384) : count), using: &random)
            changed[name]?[position] ^= UInt8.random(in: 1...255, using: &random)
            if try open(changed, "\(name) at \(position)") { harmed += 1 }
        }
        #expect(harmed > 20)
    }

    @Test("Every byte of the head of the database, with any value")
    func head() throws {
        var files = try killedStore()
        files["larder.db-wal"] = nil
        for position in 0..<110 {
            for value in [0, 1, 0x7f, 0xff] as [UInt8] where position % 4 == Int(value) % 4 || position < 30 {
                var changed = files
                changed["larder.db"]?[position] = value
                try open(changed, "larder.db at \(position): \(value)")
            }
        }
    }

    @Test("Files cut off anywhere")
    func truncations() throws {
        let files = try killedStore()
        var random = SeededGenerator(seed: 6)
        for round in 0..<60 {
            let name = round % 2 == 0 ? "larder.db-wal" : "larder.db"
            var changed = files
            let count =
                round < 8
                ? [0, 1, 50, 4_096][round / 2] : Int.random(in: 0..<(files[name]?.count ?? 1), using: &random)
            changed[name]?.removeLast((files[name]?.count ?? 0) - count)
            try open(changed, "\(name) cut at \(count)")
        }
    }

    @Test("Whole pages of noise, of zeros or in one another's place")
    func pages() throws {
        let files = try killedStore()
        var random = SeededGenerator(seed: 7)
        let pages = (files["larder.db"]?.count ?? 0) / 4_096
        for round in 0..<60 {
            var changed = files
            if round % 2 == 0 { changed["larder.db-wal"] = nil }
            let page = (round < 10 ? round : Int.random(in: 0..<pages, using: &random)) * 4_096
            let other = Int.random(in: 0..<pages, using: &random) * 4_096
            let replacement =
                switch round % 3 {
                case 0: noise(4_096, seed: UInt64(round))
                case 1: [UInt8](repeating: 0, count: 4_096)
                default: Array(files["larder.db"]?[other..<other + 4_096] ?? [])
                }
            changed["larder.db"]?.replaceSubrange(page..<page + 4_096, with: replacement)
            try open(changed, "page at \(page) in round \(round)")
        }
    }

    @Test(
        "Something else under the database's name", arguments: ["noise", "text", "directory", "fifo", "link", "sqlite"])
    func strange(kind: String) throws {
        let folder = try Folder()
        let path = folder.state + "/larder.db"
        try makeDirectories(folder.state, mode: 0o700)
        switch kind {
        case "noise": try folder.write(noise(9_000), to: "larder.db")
        case "text": try folder.write(Array("hello".utf8), to: "larder.db")
        case "directory": try makeDirectories(path + "/x", mode: 0o700)
        case "fifo": #expect(unsafe mkfifo(path, 0o600) == 0)
        case "link": #expect(unsafe symlink("/dev/zero", path) == 0)
        default:
            try folder.write([], to: "larder.db")
            try runSQL(path, "CREATE TABLE other(x); INSERT INTO other VALUES(1)")
        }
        let events = Events()
        let store = try Store.make(folder, events)
        store.put(.make())
        #expect(store.close(deadline: .hang))
        #expect(events.list.count == 1)
        guard case .setAside(let file, _)? = events.list.first else { throw TimedOut("\(events.list)", after: .zero) }
        #expect(folder.names.contains(file))
        #expect(try Store.make(folder).read(StoredRecord.make().key)?.isWhole == true)
    }

    @Test("A caller that finds a broken seal has the database set aside, and what it put since is kept")
    func brokenSeal() throws {
        let folder = try Folder()
        let events = Events()
        let old = try Store.make(folder, events)
        old.put(.make("/old"))
        #expect(old.close(deadline: .hang))
        let store = try Store.make(folder, events)
        store.put(.make("/before"))
        store.setAside(reason: "a seal is broken")
        store.put(.make("/after"))
        store.start()
        #expect(try store.readAndWait(RecordKey(resource: "/old")) == nil)
        #expect(try store.readAndWait(RecordKey(resource: "/before"))?.isWhole == true)
        #expect(store.close(deadline: .hang))
        let aside = folder.names.filter { $0.hasPrefix("larder.damaged-") }
        #expect(events.list == [.setAside(file: aside.first ?? "", reason: "a seal is broken")])
        #expect(try Store.make(folder).list().map(\.key.resource) == ["/after", "/before"])
    }

    @Test func `a damaged record goes alone, with its body, and what was put since stays`() throws {
        let folder = try Folder()
        let events = Events()
        let old = try Store.make(folder, events)
        for name in ["/fields", "/body", "/same", "/other"] {
            old.put(.make(name, body: Array((name == "/same" ? "/body" : name).utf8)))
        }
        #expect(old.close(deadline: .hang))
        let damage = """
            UPDATE response SET fields = x'00' WHERE resource = '/fields';
            UPDATE body SET bytes = x'00' WHERE digest = (SELECT digest FROM response WHERE resource = '/body')
            """
        try runSQL(folder.state + "/larder.db", damage)
        let store = try Store.make(folder, events)
        store.put(.make("/fields", body: Array("new".utf8)))
        for name in ["/fields", "/body"] { store.discard(RecordKey(resource: name)) }
        store.update(
            RecordUpdate(
                key: RecordKey(resource: "/body"), digest: fakeDigest(Array("/body".utf8)), fields: .empty, expires: 9,
                stored: 9))
        store.start()
        #expect(try store.readAndWait(RecordKey(resource: "/body")) == nil)
        #expect(try store.readAndWait(RecordKey(resource: "/fields"))?.body.array == Array("new".utf8))
        // The same body again is written, not taken for the damaged one.
        store.put(.make("/body", body: Array("/body".utf8)))
        #expect(store.close(deadline: .hang))
        #expect(events.list == [.discarded(records: 2)])
        #expect(folder.names.allSatisfy { !$0.contains("damaged") })
        let again = try Store.make(folder)
        #expect(Set(again.list().map(\.key.resource)) == ["/fields", "/body", "/other"])
        for name in ["/fields", "/body", "/other"] {
            #expect(again.read(RecordKey(resource: name))?.isWhole == true, "\(name)")
        }
    }

    @Test("Of many damaged databases the latest three are kept, each with its log")
    func bounded() throws {
        let folder = try Folder()
        let files = try killedStore()
        for name in [
            "2020-01-01T000000Z.db", "2020-01-01T000000Z.db-wal", "2021-05-05T000000Z-10.db", "2021-05-05T000000Z-9.db",
        ] {
            try folder.write([1], to: "larder.damaged-" + name)
        }
        var sets: [[String]] = []
        for _ in 0..<5 {
            for name in ["larder.db", "larder.db-wal"] { try folder.write(files[name] ?? [], to: name) }
            let store = try Store.make(folder)
            store.setAside(reason: "test")
            #expect(store.close(deadline: .hang))
            sets.append(folder.names.filter { $0.hasPrefix("larder.damaged-") && $0.hasSuffix(".db") })
        }
        #expect(sets.allSatisfy { $0.count == 3 })
        #expect(sets[0].contains("larder.damaged-2021-05-05T000000Z-10.db"))
        #expect(sets[1].contains("larder.damaged-2021-05-05T000000Z-10.db"))
        #expect(sets[1].contains("larder.damaged-2021-05-05T000000Z-9.db") == false)
        #expect(sets[4].allSatisfy { !$0.contains("202" + "1-") && !$0.contains("2020-") })
    }
}
