import Bytes
import Caching
import Catalog
import HTTPCore
import Testing

@testable import Serving

@Suite("The answers that are made, and kept")
struct ResponderAnswersTests {
    @Test("An answer is found by the next request of the same target", arguments: ["/models", "/models/acme/anvil"])
    func kept(target: String) {
        var harness = ResponderHarness.stocked()
        let made = harness.answer(.make(target, owner: .alice))
        let found = harness.cache.find(target)
        let owned = harness.cache.find(target, owner: .alice)
        #expect(made != nil)
        #expect(found === made)
        #expect(owned == nil)
    }

    @Test("An answer of a key's own list is kept for that key")
    func keptForOwner() {
        var harness = ResponderHarness()
        harness.cache.store(.rows(ResponderHarness.models, isShared: false), for: .userList, owner: .alice)
        let made = harness.answer(.make("/models/user", owner: .alice))
        let alices = harness.cache.find("/models/user", owner: .alice)
        let others = [nil, Owner.nobody, .bob].map { harness.cache.find("/models/user", owner: $0) }
        #expect(made?.owner == .alice)
        #expect(alices === made)
        #expect(others.allSatisfy { $0 == nil })
    }

    @Test("A prepared list is sent in the coding that the client prefers", arguments: ContentCoding.allCases)
    func prepared(coding: ContentCoding) {
        var harness = ResponderHarness()
        let list = PreparedList(
            query: Query(), identity: SharedBytes(utf8: "plain"),
            coded: [.gzip: SharedBytes(utf8: "gzip"), .br: SharedBytes(utf8: "br")])
        harness.cache.store(.rows(ResponderHarness.models, prepared: list), for: .catalog, owner: .nobody)
        let answer = harness.answer(.make("/models?output_modalities=text", coding: coding))
        #expect(answer?.coding == coding)
        #expect(answer.map { text($0.body) } == (coding == .identity ? "plain" : "\(coding.token)"))
        #expect(answer?.wantsCompression() == false)
        let count = harness.answer(.make("/models/count", coding: coding))
        #expect(count.map { text($0.body) } == #"{"data":{"count":2}}"#)
    }

    @Test("A large answer waits for its compressed form where the client would have it")
    func awaitsCompression() {
        var harness = ResponderHarness()
        let models = (0..<100).map { ModelFields.make("acme/model-\($0)") }
        harness.cache.store(.rows(models), for: .catalog, owner: .nobody)
        let large = harness.answer(.make("/models?limit=90", coding: .gzip))
        let plain = harness.answer(.make("/models?limit=90"))
        let small = harness.answer(.make("/models?limit=2", coding: .gzip))
        #expect(large?.coding == .identity)
        #expect(large?.wantsCompression() == true)
        #expect(plain?.wantsCompression() == false)
        #expect(small?.wantsCompression() == false)
    }

    @Test("An answer that depends on ages ends with the day on which it could change")
    func ages() {
        var harness = ResponderHarness.stocked()
        let aging = harness.answer(.make("/models?min_age_days=2"))
        let lasting = harness.answer(.make("/models?q=anvil"))
        // The rocket was added 100,000 seconds ago, and is two days old 72,800 seconds from now.
        #expect(aging?.validUntil == 1_700_072_800)
        #expect(lasting?.validUntil == nil)
        let before = harness.cache.find("/models?min_age_days=2", wallSeconds: 1_700_072_799)
        let after = harness.cache.find("/models?min_age_days=2", wallSeconds: 1_700_072_800)
        #expect(before === aging)
        #expect(after == nil)
        harness.wallSeconds = 1_700_072_800
        #expect(harness.outcome("/models/count?min_age_days=2") == #"200 {"data":{"count":2}}"#)
    }

    @Test(
        "The date of an answer that depends on ages does not stand for a later one",
        arguments: ["/models?min_age_days=2", "/models?max_age_days=2", "/models/count?min_age_days=2"])
    func datesOfAges(target: String) throws {
        var harness = ResponderHarness.stocked()
        let (first, other) = (harness.answer(.make(target)), harness.answer(.make("/models?q=anvil")))
        harness.wallSeconds = 1_700_072_801
        let second = harness.answer(.make(target))
        let (before, lasting, after) = (try #require(first), try #require(other), try #require(second))
        #expect(text(after.body) != text(before.body))
        #expect(lasting.lastModified == 784_111_777)
        #expect(before.lastModified == 1_700_000_000)
        #expect(text(before.head).contains("\r\nLast-Modified: Tue, 14 Nov 2023 22:13:20 GMT\r\n"))
        let has = Precondition(ifNoneMatch: nil, ifModifiedSince: before.lastModified)
        #expect(has.isMet(by: before) && !has.isMet(by: after))
    }

    @Test("Tags survive a refresh that brings nothing new, and no other")
    func tags() {
        var first = ResponderHarness.stocked()
        var second = ResponderHarness.stocked()
        var third = ResponderHarness()
        third.cache.store(.rows([.make("acme/anvil"), .make("acme/saw")]), for: .catalog, owner: .nobody)
        for target in ["/models", "/models?limit=1", "/models/count", "/models/acme/anvil"] {
            let tags = [first.answer(.make(target)), second.answer(.make(target)), third.answer(.make(target))]
                .map { $0.map { text($0.entityTag) } }
            #expect(tags[0] != nil)
            #expect(tags[0] == tags[1])
            #expect(tags[0] != tags[2])
        }
        let pages = ["/models", "/models?limit=1", "/models?limit=1&offset=1"].map { first.answer(.make($0)) }
        #expect(Set(pages.compactMap { $0.map { text($0.entityTag) } }).count == 3)
    }
}
