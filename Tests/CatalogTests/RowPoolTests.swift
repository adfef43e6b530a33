import Bytes
import Foundation
import TestSupport
import Testing

@testable import Catalog

@Suite struct RowPoolTests {
    @Test func `a list of the catalogue's own rows refers to the catalogue and to nothing else`() {
        var pool = KeptPool()
        let catalogue = pool.catalogue(.make(rows: 0..<421))
        let list = pool.list(Array((0..<421).reversed()))
        #expect(list.bases.map(ObjectIdentifier.init) == [ObjectIdentifier(catalogue)])
        #expect(list.count == 421)
        #expect(list.byteCount < 8192)
        #expect(text(list.row(0)) == TestRow(420).json)
        #expect(text(list.id(420)) == TestRow(0).id)
    }

    @Test func `rows that the catalogue has not are kept once, no matter which list has them first`() {
        var pool = KeptPool()
        pool.catalogue(.make(rows: 0..<100))
        let first = pool.list((0..<90).map { TestRow($0, version: $0 < 20 ? 1 : 0) })
        let second = pool.list((5..<95).map { TestRow($0, version: $0 < 20 ? 1 : 0) })
        #expect(first.bases.count == 2)
        #expect(second.bases.map(ObjectIdentifier.init) == first.bases.map(ObjectIdentifier.init))
        let third = pool.list((5..<95).map { TestRow($0, version: $0 < 20 ? 1 : $0 == 30 ? 2 : 0) })
        #expect(third.bases.count == 3)
        #expect(third.bases[2].count == 1)
        #expect(third.json == (5..<95).map { TestRow($0, version: $0 < 20 ? 1 : $0 == 30 ? 2 : 0).json })
    }

    @Test func `equal lists are one object, and have one identity wherever their rows stand`() {
        var pool = KeptPool()
        pool.catalogue(.make(rows: 0..<50))
        let rows = (0..<50).map { TestRow($0, version: $0 / 40) }
        let list = pool.list(rows)
        #expect(pool.list(rows) === list)
        pool.catalogue(.make(rows: 0..<51))
        let later = pool.list(rows)
        #expect(later !== list)
        #expect(later.identity == list.identity)
        #expect(RowList(.make(rows: rows)).identity == list.identity)
        #expect(pool.list(rows.reversed()).identity != list.identity)
        #expect(pool.list(rows.dropLast()).identity != list.identity)
        #expect(pool.list([TestRow]()).identity == pool.list([TestRow]()).identity)
    }

    @Test func `a catalogue that brings nothing new is the one before`() {
        var pool = KeptPool()
        let first = pool.catalogue(.make(rows: 0..<50))
        #expect(pool.catalogue(.make(rows: 0..<50)) === first)
        let second = Snapshot.make(rows: 0..<51)
        #expect(pool.catalogue(second) === second)
    }

    @Test func `a refreshed list lets the earlier catalogue go`() {
        var pool = KeptPool()
        var list: RowList?
        weak var old: Snapshot?
        do {
            let catalogue = pool.catalogue(.make(rows: 0..<50))
            old = catalogue
            list = pool.list((0..<50).map { TestRow($0) })
        }
        #expect(old != nil)
        // One row is another now in the catalogue, but not in the list.
        let newer = pool.catalogue(.make(rows: (0..<50).map { TestRow($0, version: $0 == 7 ? 1 : 0) }))
        list = pool.list((0..<50).map { TestRow($0) })
        #expect(old == nil)
        #expect(list?.bases.first === newer)
        #expect(list?.bases.map(\.count) == [50, 1])
        #expect(list?.json == (0..<50).map { TestRow($0).json })
    }

    @Test func `a list of a few rows keeps no catalogue alive, and no extra of many`() {
        var pool = KeptPool()
        let catalogue = pool.catalogue(.make(rows: 0..<400))
        let few = pool.list((0..<10).map { TestRow($0) })
        #expect(few.bases.map(\.count) == [10])
        #expect(pool.list((0..<12).map { TestRow($0) }).bases.map(\.count) == [10, 2])
        let many = pool.list((0..<400).map { TestRow($0, version: 1) })
        #expect(many.bases.map(\.count) == [400])
        #expect(pool.list((0..<99).map { TestRow($0, version: 1) }).bases.map(\.count) == [99])
        #expect(pool.list((0..<25).map { TestRow($0) }).bases.first === catalogue)
    }

    @Test func `the fields are read of new rows alone`() {
        var pool = KeptPool()
        pool.catalogue(.make(rows: 0..<50))
        var asked: [Int] = []
        let rows = (0..<50).map { TestRow($0, version: $0 % 10 == 0 ? 1 : 0) }
        let list = pool.list(rows) { asked.append($0) }
        #expect(asked == [0, 10, 20, 30, 40])
        asked = []
        #expect(pool.list(rows.reversed()) { asked.append($0) }.count == 50)
        #expect(asked.isEmpty)
        #expect(list.count == 50)
    }

    @Test func `a row that stands in a list twice is shown twice`() {
        var pool = KeptPool()
        let list = pool.list([TestRow(1), TestRow(1), TestRow(2), TestRow(1)])
        #expect(list.json == [1, 1, 2, 1].map { TestRow($0).json })
        #expect(pool.list([TestRow(2), TestRow(1)]).json == [2, 1].map { TestRow($0).json })
    }

    @Test func `rows of one hash are told apart by their bytes`() {
        // Whatever the first word is, the second can be such that the state of the hash is zero behind it.
        let rows = (1...3).map { number -> [UInt8] in
            let first = UInt64(number)
            let mixed = (UInt64(16) &* 0x9E37_79B9_7F4A_7C15 ^ first).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
            return [first, mixed.high ^ mixed.low].flatMap { word in (0..<8).map { UInt8(word >> ($0 * 8) & 255) } }
        }
        #expect(Set(rows.map { $0.span.hash64() }).count == 1)
        var pool = RowPool()
        func list(_ numbers: [Int]) -> RowList {
            var bytes = RowBytes()
            for number in numbers {
                let row = rows[number]
                bytes.append(row.span)
            }
            return pool.list(bytes) { ModelFields(id: "a/\(numbers[$0])") }
        }
        let lists = [[0], [1], [0, 1, 2], [2], [2, 1, 0]].map { ($0, list($0)) }
        for (numbers, list) in lists {
            #expect((0..<list.count).map { copied(list.row($0)) } == numbers.map { rows[$0] })
            #expect((0..<list.count).map { text(list.id($0)) } == numbers.map { "a/\($0)" })
        }
    }

    @Test func `a list whose rows stand in eight places needs no new one`() {
        var pool = KeptPool()
        let catalogue = (0..<40).map { TestRow($0) }
        pool.catalogue(.make(rows: catalogue))
        // Each list has one changed row more than the one before.
        let lists = (0...7).map { count in
            pool.list(catalogue.map { TestRow($0.number, version: $0.number < count ? 1 : 0) })
        }
        #expect(lists.map(\.bases.count) == Array(1...8))
        let again = pool.list(catalogue.reversed().map { TestRow($0.number, version: $0.number < 7 ? 1 : 0) })
        #expect(Set(again.bases.map { ObjectIdentifier($0) }) == Set(lists[7].bases.map { ObjectIdentifier($0) }))
        let next = pool.list(catalogue.map { TestRow($0.number, version: $0.number < 8 ? 1 : 0) })
        #expect(next.bases.map(\.count) == [40, 1, 1, 1, 1, 1, 1, 2])
    }

    @Test func `the pool forgets what is gone`() {
        var pool = KeptPool()
        pool.catalogue(.make(rows: 0..<50))
        for round in 0..<200 {
            _ = pool.list((0..<50).map { TestRow($0, version: round + 1) })
            #expect(pool.recordCount <= 512)
        }
        let kept = (0..<20).map { round in pool.list((0..<50).map { TestRow($0, version: -round - 1) }) }
        #expect(pool.recordCount >= 20 * 51)
        // All of them are still found.
        for (round, list) in kept.enumerated() {
            #expect(pool.list((0..<50).map { TestRow($0, version: -round - 1) }) === list)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `a thousand refreshes of lists whose rows change slowly leave no more than the lists need`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var pool = KeptPool()
        var versions = Array(repeating: 0, count: 300)
        // What the keys' settings make of some rows.
        let settings = (0..<6).map { _ in Set((0..<300).filter { _ in Int.random(in: 0..<5, using: &random) == 0 }) }
        var catalogue = pool.catalogue(.make(rows: 0..<300))
        var lists: [RowList?] = Array(repeating: nil, count: 6)
        var worst = 0
        for round in 0..<1000 {
            versions[Int.random(in: 0..<300, using: &random)] += 1
            if round % 5 == 0 {
                catalogue = pool.catalogue(.make(rows: versions.enumerated().map { TestRow($0, version: $1) }))
            }
            let key = round % 6
            let rows = versions.enumerated().map { TestRow($0, version: settings[key].contains($0) ? $1 + 5000 : $1) }
            let list = pool.list(rows)
            lists[key] = list
            if round % 50 == 0 { #expect(list.json == rows.map(\.json)) }
            #expect(list.bases.count <= 8)

            var kept: Set<ObjectIdentifier> = []
            var keptRows = 0
            for base in lists.compactMap(\.self).flatMap(\.bases) where kept.insert(ObjectIdentifier(base)).inserted {
                keptRows += base.count
            }
            worst = max(worst, keptRows)
        }
        // The lists are of the last six rounds, and so of three catalogues at most. Each key has some sixty rows by its own
        // settings, and in a hundred refreshes of it all of them have changed.
        #expect(worst < 3 * 300 + 6 * 2 * 60)
        #expect(pool.recordCount < worst)
        #expect(lists.compactMap(\.self).contains { $0.bases.contains { $0 === catalogue } })
    }

    @Test func `a list has the price edges of its own rows`() {
        var pool = KeptPool()
        pool.catalogue(.make(rows: (0..<20).map { TestRow($0, edges: $0 == 3 ? [240, 630] : $0 == 5 ? [0] : []) }))
        let rows = (0..<20).map { TestRow($0) }
        let whole = pool.list(rows)
        #expect(whole.priceEdges.minutes == [0, 240, 630])
        let without = pool.list(rows.filter { $0.number != 5 })
        #expect(without.priceEdges.next(after: 630 * 60) == 100_800)
        let plain = pool.list(rows.dropFirst(6))
        #expect(plain.priceEdges.next(after: 0) == nil)
    }

    @Test func `a further list takes less than 8 KiB of real memory`() throws {
        var pool = KeptPool()
        pool.catalogue(.make(rows: 0..<421))
        let rows = (0..<421).map { TestRow($0, version: $0 < 40 ? 1 : 0) }
        let first = pool.list(rows)
        // Other tests take memory at the same time: a measurement that they disturb is made again.
        var kept: [RowList] = []
        var sizes: [Int] = []
        repeat {
            let before = try Self.residentBytes()
            for _ in 0..<2000 {
                let (left, right) = (kept.count % 421, kept.count / 421)
                kept.append(pool.list(rows.swapping(left, (left + right + 1) % 421)))
            }
            sizes.append((try Self.residentBytes() - before) / 2000)
        } while sizes.count < 4 && sizes.allSatisfy { $0 >= 8192 }
        if !Sanitizer.isAddress { #expect(sizes.contains { $0 < 8192 }, "\(sizes)") }
        let isShared = kept.allSatisfy { $0.bases.count == 2 && $0.bases[1] === first.bases[1] }
        #expect(isShared)
        #expect(Set(kept.map { ObjectIdentifier($0) }).count == kept.count)
    }

    private static func residentBytes() throws -> Int {
        let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
        return (Int(fields[1]) ?? 0) * 4096
    }
}

/// A model of a test, whose row tells its version.
struct TestRow {
    let number: Int
    let version: Int
    let edges: [Int]

    init(_ number: Int, version: Int = 0, edges: [Int] = []) {
        self.number = number
        self.version = version
        self.edges = edges
    }

    var id: String { "author-\(number % 7)/model-\(number)" }
    var json: String { #"{"id":"\#(id)","version":\#(version)}"# }

    var fields: ModelFields {
        var fields = ModelFields.make(id)
        fields.priceEdges = DayMinutes(edges)
        return fields
    }
}

extension Snapshot {
    static func make(rows: [TestRow]) -> Snapshot {
        var builder = SnapshotBuilder()
        for row in rows { builder.append(row.fields, row: Array(row.json.utf8).span) }
        return builder.finish()
    }

    static func make(rows: Range<Int>) -> Snapshot { make(rows: rows.map { TestRow($0) }) }
}

private func copied(_ slice: ByteSlice) -> [UInt8] { slice.span.copied() }

/// A pool and what keeps its catalogue alive.
struct KeptPool {
    private var pool = RowPool()
    private var newest: Snapshot?

    var recordCount: Int { pool.recordCount }

    @discardableResult
    mutating func catalogue(_ snapshot: Snapshot) -> Snapshot {
        let known = pool.catalogue(snapshot)
        newest = known
        return known
    }

    /// The list of these rows; `asked` is told the number of each row whose fields are read.
    mutating func list(_ rows: some Sequence<TestRow>, asked: (Int) -> Void = { _ in }) -> RowList {
        let rows = Array(rows)
        var bytes = RowBytes()
        for row in rows { bytes.append(Array(row.json.utf8).span) }
        return pool.list(bytes) {
            asked($0)
            return rows[$0].fields
        }
    }

    mutating func list(_ numbers: [Int]) -> RowList { list(numbers.map { TestRow($0) }) }
}

extension RowList {
    var json: [String] { (0..<count).map { text(row($0)) } }
}

extension [TestRow] {
    fileprivate func swapping(_ left: Int, _ right: Int) -> [TestRow] {
        var rows = self
        rows.swapAt(left, right)
        return rows
    }
}
