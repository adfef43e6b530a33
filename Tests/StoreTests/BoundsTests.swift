import Bytes
import Glibc
import TestSupport
import Testing

@testable import Store

@Suite("Bounds", .timeLimit(.minutes(300)))
struct BoundsTests {
    @Test("The oldest go first when there are too many, but never the pinned one; an owner's own is not pinned")
    func records() throws {
        let folder = try Folder()
        let settings = StoreSettings.make {
            $0.maximumRecords = 5
            $0.pinned = "/models"
        }
        let store = try Store.make(folder, Events(), settings)
        store.put(.make("/models", stored: 0))
        store.put(.make("/models", owner: [1], stored: 1))
        for number in 2..<12 { store.put(.make("/\(number)", stored: Int64(number))) }
        let three = StoredRecord.make("/3")
        store.update(RecordUpdate(key: three.key, digest: three.digest, fields: .empty, expires: 1, stored: 100))
        #expect(store.close(deadline: .hang))
        let next = try Store.make(folder, Events(), settings)
        #expect(next.list().map(\.key.resource) == ["/3", "/11", "/10", "/9", "/models"])
        #expect(next.read(RecordKey(resource: "/models")) != nil)
    }

    @Test func `the pinned resource may have any number of owners, and other records still find room`() throws {
        let folder = try Folder()
        let settings = StoreSettings.make {
            $0.maximumRecords = 20
            $0.pinned = "/models"
        }
        let store = try Store.make(folder, Events(), settings)
        for owner in 0..<100 { store.put(.make("/models", owner: [UInt8(owner)], stored: Int64(owner))) }
        store.put(.make("/new", stored: 100))
        #expect(store.close(deadline: .hang))
        let next = try Store.make(folder, Events(), settings)
        #expect(next.list().count == 20)
        #expect(next.list().first?.key.resource == "/new")
    }

    @Test("The oldest go first when there are too many bytes; a body that is shared counts once")
    func bytes() throws {
        let folder = try Folder()
        let settings = StoreSettings.make { $0.maximumBytes = 100_000 }
        let events = Events()
        func put(_ records: [StoredRecord]) throws -> [String] {
            let store = try Store.make(folder, events, settings)
            for record in records { store.put(record) }
            #expect(store.close(deadline: .hang))
            let next = try Store.make(folder, events, settings)
            defer { next.close(deadline: .hang) }
            return next.list().map(\.key.resource)
        }
        let shared = noise(60_000)
        #expect(
            try put((0..<5).map { .make("/\($0)", body: shared, stored: Int64($0)) }) == ["/4", "/3", "/2", "/1", "/0"])
        #expect(try put([.make("/a", body: noise(30_000, seed: 2), stored: 9)]).count == 6)
        #expect(try put([.make("/b", body: noise(30_000, seed: 3), stored: 10)]) == ["/b", "/a"])
        #expect(events.list == [])
        #expect(try put([.make("/huge", body: noise(100_001, seed: 4), stored: 11)]) == ["/b", "/a"])
        #expect(events.list == [.dropped(records: 1)])
    }

    @Test(
        "What waits for the disk is bounded: newer takes the place of older, what finds no room is dropped with one event"
    )
    func waiting() throws {
        let folder = try Folder()
        let events = Events()
        let store = try Store.make(folder, events, .make { $0.maximumWaitingBytes = 200_000 })
        for number in 0..<50 { store.put(.make("/same", body: noise(100_000, seed: UInt64(number)))) }
        for number in 0..<50 { store.put(.make("/\(number)", body: noise(30_000, seed: UInt64(number)))) }
        for number in 0..<50 { store.remove(RecordKey(resource: "/0\(number)")) }
        store.removeAll(owner: [9])
        #expect(store.close(deadline: .hang))
        #expect(events.list == [.dropped(records: 47)])
        let next = try Store.make(folder)
        #expect(next.list().map(\.key.resource).sorted() == ["/0", "/1", "/2", "/same"])
        #expect(next.read(RecordKey(resource: "/same"))?.body.array == noise(100_000, seed: 49))
    }

    @Test("The file does not grow when the same room is used again and again")
    func fileSize() throws {
        let folder = try Folder()
        for round in 0..<30 {
            let store = try Store.make(folder)
            store.put(.make(body: noise(200_000, seed: UInt64(round))))
            #expect(store.close(deadline: .hang))
        }
        #expect(folder.names == ["larder.db", "lock", "secret"])
        #expect((FileStatus(path: folder.state + "/larder.db")?.size ?? 0) < 600_000)
    }
}
