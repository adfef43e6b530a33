import Caching
import HTTPCore
import Testing

@testable import Serving

/// A request that comes after a purge never gets what was asked of upstream before it.
@Suite struct DispatcherPurgeTests {
    private final class Desk {
        private var harness = DispatcherHarness()
        var count: Int { harness.dispatcher.flightCount }

        func want(
            _ resource: Resource = .catalog, _ ticket: UInt64, as owner: Owner = .nobody,
            directive: CacheDirective = .any
        ) -> String { harness.want(resource, ticket, as: owner, directive: directive) }
        func close(_ purge: Purge) { harness.dispatcher.close(purge) }
        /// An answer that is stored comes.
        func complete(serial: UInt64 = 0) -> [String] { harness.complete(serial: serial, with: harness.entry()) }
        /// The answer of a fetch from before a purge comes.
        func completeVoid(serial: UInt64 = 0, isShared: Bool = true) -> [String] {
            harness.complete(serial: serial, with: harness.void(isShared: isShared))
        }
        func fail() -> [String] { harness.fail(with: .timeout("nothing came")) }
        /// What is stored is no longer fresh.
        func wait() { harness.now += 61_000 }
    }

    @Test(arguments: [Purge.all, .catalog, .key(Owner.alice.high >> 32)])
    func `who comes after a purge starts another fetch, and those before keep theirs`(purge: Purge) {
        let desk = Desk()
        _ = [desk.want(.catalog, 1, as: .alice), desk.want(.catalog, 2, as: .bob)]
        desk.close(purge)
        #expect(desk.want(.catalog, 3, as: .bob) == "3 starts for all")
        #expect(desk.want(.catalog, 4, as: .alice) == "waits")
        #expect(desk.count == 2)
        #expect(desk.completeVoid() == ["1 gets 200, new", "2 gets 200, new, collapsed"])
        #expect(desk.want(.catalog, 5) == "waits", "the later fetch goes on")
        let later = desk.complete(serial: 1)
        #expect(later == ["3 gets 200, new", "4 gets 200, new, collapsed", "5 gets 200, new, collapsed"])
        #expect(desk.count == 0)
        desk.wait()
        #expect(desk.want(.catalog, 6, directive: .refresh) == "6 starts for all")
        #expect(desk.complete() == ["6 gets 200, new"], "all is as before the purge")
    }

    @Test func `what a purge does not cover goes on for all`() {
        let desk = Desk()
        _ = [desk.want(.catalog, 1, as: .alice), desk.want(.model(id: "a/b"), 2)]
        for purge in [Purge.key(Owner.bob.high >> 32), .path("/providers")] { desk.close(purge) }
        #expect(desk.want(.catalog, 3, as: .bob) == "waits" && desk.want(.model(id: "a/b"), 4) == "waits")
    }

    @Test func `each of several purges closes what began since the one before, in whatever order the fetches end`() {
        let desk = Desk()
        #expect(desk.want(.catalog, 1) == "1 starts for all")
        desk.close(.all)
        #expect(desk.want(.catalog, 2) == "2 starts for all")
        desk.close(.all)
        #expect(desk.want(.catalog, 3) == "3 starts for all" && desk.want(.catalog, 4) == "waits")
        #expect(desk.completeVoid(serial: 1) == ["2 gets 200, new"])
        #expect(desk.want(.catalog, 5) == "waits")
        let latest = desk.complete(serial: 2)
        #expect(latest == ["3 gets 200, new", "4 gets 200, new, collapsed", "5 gets 200, new, collapsed"])
        desk.wait()
        #expect(desk.want(.catalog, 6, directive: .refresh) == "6 starts for all", "the first one is not joined")
        #expect(desk.completeVoid() == ["1 gets 200, new"])
    }

    @Test func `those whose answer is another key's own go on with the later fetch of theirs`() {
        let desk = Desk()
        _ = [desk.want(.catalog, 1, as: .alice), desk.want(.catalog, 2, as: .bob)]
        desk.close(.all)
        #expect(desk.want(.catalog, 3, as: .bob) == "3 starts for all")
        #expect(desk.completeVoid(isShared: false) == ["1 gets 200, new", "2 starts for bob"])
        #expect(desk.want(.catalog, 4, as: .bob) == "waits", "one request at a time with one key")
    }

    @Test func `a failure of the earlier fetch is for those who waited for it`() {
        let desk = Desk()
        _ = desk.want(.catalog, 1)
        desk.close(.all)
        #expect(desk.want(.catalog, 2) == "2 starts for all")
        #expect(desk.fail().map { $0.prefix(7) } == ["1 fails"])
        #expect(desk.complete(serial: 1) == ["2 gets 200, new"])
    }
}
