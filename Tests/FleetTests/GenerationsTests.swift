import Fleet
import Testing

/// What a member knows of the generations.
@Suite struct GenerationsTests {
    static let owner = Identifier(high: 1, low: 1)
    static let catalogue = FleetResource(id: Identifier(high: 9, low: 1), isOfCatalogue: true)
    static let list = FleetResource(id: Identifier(high: 9, low: 2), owner: owner)

    /// All scopes are at 10.
    static func known() -> Generations {
        var generations = Generations()
        _ = generations.follow(list)
        for scope in [Scope.all, .catalogue, .owner(owner)] { _ = generations.read(scope, Generation(number: 10)) }
        return generations
    }

    @Test func `a copy has the numbers of its own scopes`() {
        let generations = Self.known()
        #expect(generations.stamp(of: Self.catalogue) == Stamp(all: 10, catalogue: 10))
        #expect(generations.stamp(of: Self.list) == Stamp(all: 10, owner: 10))
        #expect(Generations().stamp(of: Self.catalogue) == nil)
        #expect(generations.followed == [.withdrawals, .all, .catalogue, .owner(Self.owner)])
    }

    @Test(
        arguments: [
            (Generation(number: 10), .current), (Generation(number: 11), .adopted(drops: true)),
            (Generation(number: 11, keeps: 10), .adopted(drops: false)),
            (Generation(number: 12, keeps: 9), .adopted(drops: true)),
            (Generation(number: 9), .mustWrite), (nil, .mustWrite),
        ] as [(Generation?, Generations.Reading)])
    func `a reading is adopted, or the key must be written`(value: Generation?, reading: Generations.Reading) {
        var generations = Self.known()
        let drops = generations.drops(of: Self.catalogue)
        #expect(generations.read(.catalogue, value) == reading)
        #expect(generations.drops(of: Self.catalogue) == drops + (reading == .adopted(drops: true) ? 1 : 0))
        #expect(generations.number(.catalogue) ?? 0 >= 10)
    }

    @Test func `the first reading drops what was fetched before it`() {
        var generations = Generations()
        #expect(generations.read(.all, Generation(number: 3)) == .adopted(drops: true))
    }

    @Test(
        arguments: [
            // A lost key begins above what was known and above the clock, and memory stays.
            (nil, 5, Generation(number: 11, keeps: 10)), (nil, 500, Generation(number: 500, keeps: 10)),
            // A number that went back is raised, and nobody keeps copies: the engine may have lost a purge.
            (Generation(number: 7), 5, Generation(number: 11)),
            (Generation(number: 10), 500, nil), (Generation(number: 12), 500, nil),
        ] as [(Generation?, UInt64, Generation?)])
    func `what is written never goes back`(value: Generation?, wall: UInt64, written: Generation?) {
        #expect(Self.known().proposal(for: .all, insteadOf: value, wall: wall) == written)
    }

    @Test func `a purge is above all that is known, keeps nothing, and bars records until the engine has it`() {
        var generations = Self.known()
        let drops = generations.drops(of: Self.catalogue)
        #expect(generations.purged(.catalogue) == true)
        #expect(generations.drops(of: Self.catalogue) == drops + 1)
        #expect(generations.stamp(of: Self.catalogue) == nil)
        #expect(generations.stamp(of: Self.list) != nil)
        #expect(generations.pending == [.catalogue])
        #expect(generations.read(.catalogue, Generation(number: 30)) == .mustWrite)
        let next = generations.proposal(for: .catalogue, insteadOf: Generation(number: 30), wall: 5)
        #expect(next == Generation(number: 31))
        #expect(
            generations.wrote(.catalogue, Generation(number: 31), purges: 1) == .adopted(drops: false))
        #expect(generations.pending.isEmpty)
        #expect(generations.stamp(of: Self.catalogue) == Stamp(all: 10, catalogue: 31))
    }

    @Test func `a purge while another is written is written too`() {
        var generations = Self.known()
        _ = generations.purged(.all)
        let count = generations.purgeCount(.all)
        _ = generations.purged(.all)
        _ = generations.wrote(.all, Generation(number: 11), purges: count)
        #expect(generations.pending == [.all])
        _ = generations.wrote(.all, Generation(number: 12), purges: generations.purgeCount(.all))
        #expect(generations.pending.isEmpty)
    }

    @Test func `purges of an earlier process are pending`() {
        let generations = Generations(pending: [.owner(Self.owner)])
        #expect(generations.pending == [.owner(Self.owner)])
        #expect(generations.unread(of: Self.list) == [.all, .owner(Self.owner)])
    }

    @Test func `after a lost connection every number is read again, and none is forgotten`() {
        var generations = Self.known()
        generations.connectionLost()
        #expect(generations.stamp(of: Self.catalogue) == nil)
        #expect(generations.number(.all) == 10)
        #expect(generations.read(.all, Generation(number: 10)) == .current)
        #expect(generations.unread(of: Self.catalogue) == [.catalogue])
    }

    @Test(
        arguments: [
            (10, .current), (11, .adopted(drops: true)), (9, .mustWrite),
        ] as [(UInt64, Generations.Reading)])
    func `a message is adopted, known, or a reason to read`(number: UInt64, reading: Generations.Reading) {
        var generations = Self.known()
        #expect(generations.heard(.all, Generation(number: number)) == reading)
        #expect(generations.heard(.owner(Identifier(high: 7, low: 7)), Generation(number: number)) == .current)
    }

    @Test func `copies here go when the numbers had gone back, and stay when the key was lost`() {
        for (keeps, drops) in [(7, true), (10, false)] as [(UInt64, Bool)] {
            var generations = Self.known()
            let reading = generations.wrote(.all, Generation(number: 11, keeps: keeps), purges: 0)
            #expect(reading == .adopted(drops: drops))
        }
    }

    @Test func `owners are followed up to a bound, and forgotten`() {
        var generations = Generations()
        for number in 0..<UInt64(Generations.mostOwners) {
            #expect(generations.follow(FleetResource(id: Self.owner, owner: Identifier(high: 3, low: number))) == true)
        }
        #expect(generations.follow(Self.list) == false)
        #expect(generations.purged(.owner(Self.owner)) == false)
        generations.forget(Identifier(high: 3, low: 0))
        #expect(generations.follow(Self.list) == true)
    }
}
