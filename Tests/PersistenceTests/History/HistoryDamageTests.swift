import Bytes
import Catalog
import Foundation
import History
import Persistence
import Store
import TestSupport
import Testing

/// A database with a byte in it that is not what was written: what is read of the history is right, or nothing.
@Suite(.timeLimit(.minutes(300))) struct HistoryDamageTests {
    @Test func `a changed byte never makes a wrong list or a wrong event`() throws {
        let path: String
        var lists: [Int64: String] = [:]
        var events: [Event] = []
        var files: [String: Data] = [:]
        do {
            let folder = try HistoryFolder()
            path = folder.path
            var editor = ListEditor(seed: 4, count: 30)
            var journal = try folder.journal()
            for time: Int64 in 1...40 {
                let catalogue = try editor.catalogue
                lists[time] = catalogue.text
                if let addition = journal.record(catalogue, at: time, keep: nil) {
                    #expect(try folder.append(addition.batch))
                    events += addition.events
                }
                editor.edit()
            }
            try folder.restart()
            #expect(folder.store.close(deadline: .hang))
            for name in ["larder.db", "secret"] {
                files[name] = try Data(contentsOf: URL(fileURLWithPath: path + "/" + name))
            }
        }
        let whole = try #require(files["larder.db"])
        let seed = UInt64.random(in: 0 ... .max)
        var random = SeededGenerator(seed: seed)
        var (right, missing) = (0, 0)
        for flip in 0..<150 {
            var damaged = whole
            let position = Int.random(in: 0..<whole.count, using: &random)
            let mask = UInt8.random(in: 1...255, using: &random)
            damaged[position] ^= mask
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try damaged.write(to: URL(fileURLWithPath: path + "/larder.db"))
            try files["secret"]?.write(to: URL(fileURLWithPath: path + "/secret"))
            let folder = try HistoryFolder(path: path)
            let what: Comment = "flip \(flip): [\(position)] ^ \(mask), seed \(seed)"
            for time: Int64 in [1, 7, 20, 33, 40] {
                guard
                    case .found(let stored) = try HistoryFolder.wait({ folder.database.readList(at: time, reply: $0) }),
                    case .list(let list)? = PastList.read(stored, at: time, folder.database.seal)
                else {
                    missing += 1
                    continue
                }
                right += 1
                #expect(list.catalogue.text == lists[time], what)
            }
            var query = EventQuery()
            query.since = .cursor(0)
            query.limit = 1000
            if let page = try folder.page(query) {
                // Of the oldest events some may be missing, as after pruning.
                let isRight = page.events == Array(events.suffix(page.events.count))
                #expect(isRight, what)
            }
        }
        print("\(right) lists were right, \(missing) were missing")
        #expect(right > 100 && missing > 10)
    }
}
