import Bytes
import TestSupport
import Testing

@testable import Store

@Suite("Backlog")
struct BacklogTests {
    /// Changes one after the other over a plain dictionary: what a backlog has to come to.
    private struct Model {
        var records: [RecordKey: StoredRecord] = [:]
        /// What was put since: setting the database aside does not touch that.
        var waiting: Set<RecordKey> = []
        /// What was removed: no record that was stored before may come back, even if nothing but the removals is written.
        var removed: Set<RecordKey> = []

        mutating func perform(_ step: Step) {
            switch step {
            case .put(let record):
                records[record.key] = record
                waiting.insert(record.key)
            case .update(let update):
                if var record = records[update.key] {
                    update.apply(to: &record)
                    records[update.key] = record
                }
            case .remove(let key):
                records[key] = nil
                removed.insert(key)
            case .removeOwner(let owner):
                removed.formUnion(records.keys.filter { $0.owner == owner })
                records = records.filter { $0.key.owner != owner }
            case .removeEverything:
                removed.formUnion(records.keys)
                records = [:]
            case .discard(let key): if !waiting.contains(key) { records[key] = nil }
            case .setAside: records = records.filter { waiting.contains($0.key) }
            }
        }

        /// What `Database` makes of a backlog.
        mutating func perform(_ backlog: Backlog) {
            if backlog.setAside != nil || backlog.removesAll { records = [:] }
            for owner in backlog.owners { perform(.removeOwner(owner)) }
            for key in backlog.damaged { perform(.discard(key)) }
            for (key, change) in backlog.records {
                switch change {
                case .put(let record): perform(.put(record))
                case .update(let updates): for update in updates.values { perform(.update(update)) }
                case .remove: perform(.remove(key))
                }
            }
        }

        var summary: [String] {
            records.map { "\($0) \($1.stored) \($1.fields.array) \($1.body.array)" }.sorted()
        }
    }

    private enum Step {
        case put(StoredRecord), update(RecordUpdate), remove(RecordKey), removeOwner([UInt8]), removeEverything,
            discard(RecordKey), setAside

        static func random(_ number: Int, using random: inout SeededGenerator) -> Step {
            let owner = [UInt8.random(in: 0...2, using: &random)]
            let key = RecordKey(resource: "/\(Int.random(in: 0...2, using: &random))", owner: owner)
            let mark = Int64(number)
            // Few, so that an update often has the body of the record, and often has not.
            let body = Array("\(Int.random(in: 0..<3, using: &random))".utf8)
            switch Int.random(in: 0..<22, using: &random) {
            case 0..<9: return .put(.make(key.resource, owner: owner, body: body, stored: mark))
            case 9..<14:
                let fields = SharedBytes(utf8: "u\(number)")
                return .update(
                    RecordUpdate(key: key, digest: fakeDigest(body), fields: fields, expires: mark, stored: mark))
            case 14..<17: return .remove(key)
            case 17: return .removeOwner(owner)
            case 18: return .removeEverything
            case 19..<21: return .discard(key)
            default: return .setAside
            }
        }
    }

    private func perform(_ step: Step, on backlog: inout Backlog) {
        switch step {
        case .put(let record): backlog.put(record)
        case .update(let update): backlog.update(update)
        case .remove(let key): backlog.remove(key)
        case .removeOwner(let owner): backlog.removeAll(owner: owner)
        case .removeEverything: backlog.removeEverything()
        case .discard(let key): backlog.discard(key)
        case .setAside: backlog.setAside("broken")
        }
    }

    @Test("Comes to the same as the changes one after the other, in one piece or two, and a reader sees that at once")
    func sameAsOneByOne() {
        var random = SeededGenerator(seed: 11)
        for _ in 0..<2_000 {
            var plain = Model()
            for owner in 0..<3 { plain.perform(.put(.make("/0", owner: [UInt8(owner)], stored: -1))) }
            plain.waiting = []
            let stored = plain
            var whole = Backlog()
            var parts = [Backlog(), Backlog()]
            let count = Int.random(in: 1...14, using: &random)
            let cut = Int.random(in: 0...count, using: &random)
            for number in 0..<count {
                let step = Step.random(number, using: &random)
                plain.perform(step)
                perform(step, on: &whole)
                perform(step, on: &parts[number < cut ? 0 : 1])
            }
            parts[0].append(parts[1])
            for backlog in [whole, parts[0]] {
                var written = stored
                written.perform(backlog)
                let isSame = written.summary == plain.summary
                #expect(isSame)
                var afterRemovals = stored
                afterRemovals.perform(backlog.removalsAlone)
                #expect(plain.removed.allSatisfy { afterRemovals.records[$0] == nil })
                #expect(backlog.hasRemovals || plain.removed.isEmpty)
                for name in 0..<3 {
                    for owner in 0..<3 {
                        let key = RecordKey(resource: "/\(name)", owner: [UInt8(owner)])
                        #expect(seen(key, backlog, stored)?.stored == plain.records[key]?.stored)
                    }
                }
                let held = backlog.records.values.reduce(0) { sum, change in
                    switch change {
                    case .put(let record): sum + record.byteCount
                    case .update(let updates): sum + updates.values.reduce(0) { $0 + $1.fields.count }
                    case .remove: sum
                    }
                }
                #expect(backlog.bytes == held)
            }
        }
    }

    private func seen(_ key: RecordKey, _ backlog: Backlog, _ stored: Model) -> StoredRecord? {
        switch backlog.prospect(of: key) {
        case .asStored: return stored.records[key]
        case .record(let record): return record
        case .gone: return nil
        case .updated(let updates):
            var record = stored.records[key]
            if var found = record {
                updates[found.digest]?.apply(to: &found)
                record = found
            }
            return record
        }
    }

    @Test("Single removals without an end become one of everything; what was put stays")
    func manyRemovals() {
        var backlog = Backlog()
        backlog.put(.make("/kept"))
        for number in 0..<20_000 { backlog.remove(RecordKey(resource: "/\(number)")) }
        #expect(backlog.removesAll)
        #expect(backlog.records.count < 16_384)
        #expect(backlog.recordCount == 1)
        guard case .gone = backlog.prospect(of: RecordKey(resource: "/7")) else {
            Issue.record("a removed record is seen")
            return
        }
    }

    @Test("The latest note of a name and the latest bound are what count; notes survive the removal of everything")
    func notes() {
        var backlog = Backlog()
        #expect(backlog.isEmpty)
        backlog.writeNote(Note(name: "a", bytes: SharedBytes([1])))
        backlog.prune(before: 7)
        backlog.removeEverything()
        var later = Backlog()
        later.writeNote(Note(name: "a", bytes: SharedBytes([2, 3])))
        later.prune(before: 5)
        backlog.append(later)
        #expect(backlog.notes["a"]?.array == [2, 3])
        #expect(backlog.prunedBefore == 7)
        #expect(backlog.bytes == 2)
        backlog.keep([Note(name: "a", bytes: .empty), Note(name: "b", bytes: SharedBytes([9]))])
        #expect(backlog.notes["a"]?.array == [2, 3])
        #expect(backlog.notes["b"]?.array == [9])
    }

    @Test func `removals without an end become the removal of everything, and what was put since stays`() {
        var backlog = Backlog()
        for number in 0..<Backlog.maximumRemovals {
            backlog.removeAll(owner: [UInt8(number >> 16), UInt8(number >> 8 & 255), UInt8(number & 255)])
        }
        #expect(!backlog.removesAll && backlog.owners.count == Backlog.maximumRemovals)
        backlog.put(.make("/kept", owner: [7]))
        backlog.removeAll(owner: [255, 255, 255])
        #expect(backlog.removesAll && backlog.owners.isEmpty)
        #expect(backlog.recordCount == 1)
    }
}
