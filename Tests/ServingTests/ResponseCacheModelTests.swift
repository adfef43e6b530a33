import Caching
import Catalog
import HTTPCore
import Testing

@testable import Serving

@Suite("The cache against a plain model of it")
struct ResponseCacheModelTests {
    private static let resources: [Resource] = [
        .catalog, .userList, .model(id: "a/b"), .opaque(path: "/models", query: "x=1"),
        .opaque(path: "/providers", query: ""),
    ]
    private static let owners: [Owner] = [.nobody, .alice, .bob]
    private static let targets = (0..<12).map { "/models?limit=\($0 + 1)" }

    /// Snapshots of 500 to 6,000 bytes, and lists whose rows stand in several of them.
    private static let snapshots = (0..<6).map { number in
        Snapshot.make((0...number * 2).map { .make("a\(number)/b\($0)") })
    }
    private static let lists: [RowList] = {
        var pool = RowPool()
        let first = (0..<9).map { number in FacetHarness.list(number..<number + 6, in: &pool) }
        precondition(first.contains { $0.bases.count > 1 })
        return first + snapshots.map { RowList($0) }
    }()

    @Test("A hundred thousand random operations leave both the same, within the bound", arguments: [1, 2])
    func randomOperations(seed: UInt64) {
        var dice = Dice(seed: seed)
        var cache = ResponseCache(maximumBytes: 40_000)
        var model = CacheModel(maximumBytes: 40_000)
        /// Some entries of the past, most of which are no longer stored.
        var known: [(entry: Entry, resource: Resource, owner: Owner)] = []
        for step in 0..<100_000 {
            let resource = Self.resources[dice.roll(5)]
            let owner = Self.owners[dice.roll(3)]
            let target = Self.targets[dice.roll(12)]
            let coding = ContentCoding.allCases[dice.roll(3)]
            var isSame = true
            switch dice.roll(20) {
            case 0..<3:
                let entry = randomEntry(&dice, storedAt: UInt64(step))
                cache.store(entry, for: resource, owner: owner)
                model.store(entry, for: resource, owner: owner)
                if known.count == 12 { known.remove(at: dice.roll(12)) }
                known.append((entry, resource, owner))
            case 3..<10 where !known.isEmpty:
                let source = known[dice.roll(known.count)]
                let body = String(repeating: "x", count: dice.roll(2_000))
                let answer = Answer.make(from: source.entry, owner: source.owner, body: body, target: target)
                cache.keep(answer, resource: source.resource, coding: coding, owner: source.owner)
                model.keep(answer, source.resource, coding, owner: source.owner)
            case 10 where dice.roll(20) == 0:
                cache.removeEntries(of: owner)
                model.removeEntries(of: owner)
            case 11..<13:
                isSame = cache.entry(for: resource, owner: owner) === model.entry(for: resource, owner: owner)
            default:
                let asked = dice.roll(4) == 0 ? nil : owner
                isSame =
                    cache.find(target, coding: coding, owner: asked) === model.find(Array(target.utf8), coding, asked)
            }
            isSame =
                isSame && cache.bytes == model.bytes && cache.entryCount == model.entryCount
                && cache.answerCount == model.answerCount
                && (cache.bytes <= cache.maximumBytes || cache.bytes == model.pinnedBytes)
            guard isSame else {
                Issue.record("the cache and the model differ after step \(step)")
                return
            }
        }
        #expect(cache.evictions > 1_000)
    }

    private func randomEntry(_ dice: inout Dice, storedAt: UInt64) -> Entry {
        switch dice.roll(6) {
        case 0: .refusal(.forbidden, storedAt: storedAt)
        case 1:
            .make(
                dice.roll(4) == 0
                    ? .rows(Self.snapshots[dice.roll(6)], nil) : .list(Self.lists[dice.roll(15)]),
                storedAt: storedAt, lifetime: 100, isShared: dice.roll(3) == 0)
        case 2..<4: .make(size: dice.roll(12_000), storedAt: storedAt, lifetime: 100, isShared: false)
        default: .make(size: dice.roll(12_000), storedAt: storedAt, lifetime: 100)
        }
    }
}
