import Store
import Testing

@testable import Persistence

@Suite struct DiskIndexTests {
    private static func key(_ number: Int, owner: [UInt8] = []) -> RecordKey {
        RecordKey(resource: "upstream 5 /providers?x=\(number + 100_000)", owner: owner)
    }

    private static let room = 64 * (DiskIndex.overhead + key(0).resource.utf8.count)

    @Test func `as long as there is room every name is known`() {
        var index = DiskIndex(room: Self.room)
        for number in 0..<32 { index.insert(Self.key(number)) }
        #expect((0..<32).allSatisfy { index.contains(Self.key($0)) })
        #expect(!index.isPartial)
        let removals = [index.remove(Self.key(7)), index.remove(Self.key(7))]
        #expect(removals == [true, false])
        #expect(!index.mayContain(Self.key(7)))
        #expect(index.count == 31)
    }

    @Test func `there are never more names than there is room for, and the newest are among them`() {
        var index = DiskIndex(room: Self.room)
        for number in 0..<10_000 {
            index.insert(Self.key(number))
            #expect(index.count <= 66)
            #expect(index.contains(Self.key(number)))
        }
        #expect(index.contains(Self.key(9_980)))
        #expect(!index.contains(Self.key(0)))
    }

    @Test func `a copy whose name was forgotten is taken to be there where it is to go`() {
        var index = DiskIndex(room: Self.room)
        for number in 0..<1_000 { index.insert(Self.key(number)) }
        #expect(index.isPartial)
        #expect(index.mayContain(Self.key(0)))
        let mayHaveBeen = index.remove(Self.key(0))
        #expect(mayHaveBeen)
        index.removeAll()
        #expect(!index.isPartial && index.isEmpty)
        let isThere = index.remove(Self.key(0))
        #expect(!isThere)
    }

    @Test func `a name that is used again and again is not forgotten`() {
        var index = DiskIndex(room: Self.room)
        for number in 0..<1_000 {
            index.insert(Self.key(-1))
            index.insert(Self.key(number))
        }
        #expect(index.contains(Self.key(-1)))
    }

    @Test func `the size of a copy is the last that was said, whatever it was`() {
        var index = DiskIndex(room: Self.room)
        for (said, known) in [(0, 0), (700_000, 700_000), (3, 3), (-1, 0), (.max, Int(UInt32.max))] {
            index.insert(Self.key(1), bytes: said)
            #expect(index.size(of: Self.key(1)) == known)
        }
        // It moves on with its name, and goes with it.
        for number in 2..<40 { index.insert(Self.key(number), bytes: number) }
        #expect(index.size(of: Self.key(1)) == Int(UInt32.max) && index.size(of: Self.key(39)) == 39)
        index.remove(Self.key(39))
        #expect(index.size(of: Self.key(39)) == nil)
    }

    @Test func `the names of an owner go together`() {
        var index = DiskIndex(room: Self.room)
        for number in 0..<48 { index.insert(Self.key(number, owner: [UInt8(number % 2)])) }
        let removed = index.remove { $0.owner == [0] }
        #expect(removed.count == 24)
        #expect(index.count == 24)
        let owned = [index.remove(ownedBy: [0]), index.remove(ownedBy: [1]), index.remove(ownedBy: [1])]
        #expect(owned == [false, true, false])
        #expect(index.isEmpty)
        index.insert(Self.key(47, owner: [1]))
        #expect(!index.contains(Self.key(46, owner: [0])) && index.contains(Self.key(47, owner: [1])))
    }
}
