import Store
import Testing

@testable import Persistence

@Suite struct DiskNamesTests {
    private static func key(_ number: Int, owner: [UInt8] = []) -> RecordKey {
        RecordKey(resource: "upstream 5 /providers?x=\(number + 100_000)", owner: owner)
    }

    private static let room = 64 * (DiskIndex.overhead + key(0).resource.utf8.count)

    @Test func `as long as there is room every name is known`() {
        var names = DiskIndex(room: Self.room)
        for number in 0..<32 { names.insert(Self.key(number)) }
        #expect((0..<32).allSatisfy { names.contains(Self.key($0)) })
        #expect(!names.isPartial)
        let removals = [names.remove(Self.key(7)), names.remove(Self.key(7))]
        #expect(removals == [true, false])
        #expect(!names.mayContain(Self.key(7)))
        #expect(names.count == 31)
    }

    @Test func `there are never more names than there is room for, and the newest are among them`() {
        var names = DiskIndex(room: Self.room)
        for number in 0..<10_000 {
            names.insert(Self.key(number))
            #expect(names.count <= 66)
            #expect(names.contains(Self.key(number)))
        }
        #expect(names.contains(Self.key(9_980)))
        #expect(!names.contains(Self.key(0)))
    }

    @Test func `a copy whose name was forgotten is taken to be there where it is to go`() {
        var names = DiskIndex(room: Self.room)
        for number in 0..<1_000 { names.insert(Self.key(number)) }
        #expect(names.isPartial)
        #expect(names.mayContain(Self.key(0)))
        let mayHaveBeen = names.remove(Self.key(0))
        #expect(mayHaveBeen)
        names.removeAll()
        #expect(!names.isPartial && names.isEmpty)
        let isThere = names.remove(Self.key(0))
        #expect(!isThere)
    }

    @Test func `a name that is used again and again is not forgotten`() {
        var names = DiskIndex(room: Self.room)
        for number in 0..<1_000 {
            names.insert(Self.key(-1))
            names.insert(Self.key(number))
        }
        #expect(names.contains(Self.key(-1)))
    }

    @Test func `the names of an owner go together`() {
        var names = DiskIndex(room: Self.room)
        for number in 0..<48 { names.insert(Self.key(number, owner: [UInt8(number % 2)])) }
        let removed = names.remove { $0.owner == [0] }
        #expect(removed.count == 24)
        #expect(names.count == 24)
        let owned = [names.remove(ownedBy: [0]), names.remove(ownedBy: [1]), names.remove(ownedBy: [1])]
        #expect(owned == [false, true, false])
        #expect(names.isEmpty)
        names.insert(Self.key(47, owner: [1]))
        #expect(!names.contains(Self.key(46, owner: [0])) && names.contains(Self.key(47, owner: [1])))
    }
}
