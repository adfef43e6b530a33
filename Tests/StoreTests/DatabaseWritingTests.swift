import Bytes
import TestSupport
import Testing

@testable import Store

@Suite(.timeLimit(.minutes(30))) struct DatabaseWritingTests {
    /// Every refresh of a list replaces its body.
    @Test func `a new body takes the place of the old one, so that neither the log nor the database has both`()
        throws
    {
        let folder = try Folder()
        let store = try Store.make(folder)
        store.start()
        let bodies = (0..<6).map { noise(600_000, seed: $0) }
        store.put(.make(body: bodies[0]))
        #expect(store.close(deadline: .hang))
        let size = try #require(FileStatus(path: folder.state + "/larder.db")?.size)

        for body in bodies.dropFirst() {
            let store = try Store.make(folder)
            store.start()
            store.put(.make(body: body))
            try eventually("the new body") {
                (FileStatus(path: folder.state + "/larder.db-wal")?.size ?? 0) > body.count
            }
            // What is read now is answered after the change in hand.
            #expect(try store.readAndWait(RecordKey(resource: "/models"))?.body.array == body)
            let log = try #require(FileStatus(path: folder.state + "/larder.db-wal")?.size)
            #expect(log < body.count * 3 / 2)
            #expect(store.close(deadline: .hang))
            #expect(FileStatus(path: folder.state + "/larder.db")?.size == size)
        }
        let last = try Store.make(folder)
        #expect(last.read(RecordKey(resource: "/models"))?.isWhole == true)
        last.start()
        #expect(last.close(deadline: .hang))
    }
}
