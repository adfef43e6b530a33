import Caching
import Testing

@testable import Serving

@Suite struct DispatcherFleetTests {
    @Test func `a copy of another replica answers all who wait, but those who insist only if it is new`() {
        var harness = DispatcherHarness()
        harness.cache.windows.noCache = 1_000
        let wanted = [
            harness.want(.catalog, 1), harness.want(.catalog, 2, directive: .refresh),
            harness.want(.catalog, 3, as: .alice),
        ]
        #expect(wanted == ["1 starts for all", "waits", "waits"])
        let old = harness.entry()
        harness.now += 5_000
        harness.cache.store(old, for: .catalog, owner: .nobody)
        let flight = Dispatcher.Flight(resource: .catalog, owner: nil)
        let actions = harness.dispatcher.completed(
            flight, with: old, isTaken: true, cache: &harness.cache, now: harness.now)
        #expect(actions.count == 3 && harness.dispatcher.flightCount == 1)
        guard case .start(flight, let waiter) = actions[2] else {
            Issue.record("nobody asks for the one who insists")
            return
        }
        #expect(waiter.ticket == 2)
        let new = harness.entry()
        harness.cache.store(new, for: .catalog, owner: .nobody)
        let last = harness.dispatcher.completed(
            flight, with: new, isTaken: true, cache: &harness.cache, now: harness.now)
        #expect(last.count == 1 && harness.dispatcher.flightCount == 0)
    }

    @Test func `a copy that is one key's own goes to nobody else, even if that key insists on a newer one`() {
        var harness = DispatcherHarness()
        harness.cache.windows.noCache = 1_000
        _ = [harness.want(.catalog, 1, as: .alice, directive: .refresh), harness.want(.catalog, 2, as: .bob)]
        let old = harness.entry(isShared: false)
        harness.now += 5_000
        harness.cache.store(old, for: .catalog, owner: .alice)
        let actions = harness.dispatcher.completed(
            Dispatcher.Flight(resource: .catalog, owner: nil), with: old, isTaken: true, cache: &harness.cache,
            now: harness.now)
        #expect(actions.count == 2)
        for action in actions {
            guard case .start = action else {
                Issue.record("a waiter gets \(action)")
                continue
            }
        }
    }

    @Test func `what another replica tells of a failure ends the wait, and pauses all`() {
        var harness = DispatcherHarness()
        _ = [harness.want(.catalog, 1), harness.want(.catalog, 2, as: .alice)]
        let flight = Dispatcher.Flight(resource: .catalog, owner: nil)
        let actions = harness.dispatcher.backOff(
            .catalog, of: nil, for: 7_000, ending: flight, cache: &harness.cache, now: harness.now)
        #expect(actions.count == 2 && harness.dispatcher.flightCount == 0)
        #expect(harness.dispatcher.pause(of: flight, now: harness.now) == 7_000)
        let later = harness.want(.catalog, 3)
        #expect(later == "3 fails: backingOff for 7 s")
        harness.now += 7_000
        let last = harness.want(.catalog, 4)
        #expect(last == "4 starts for all")
        #expect(harness.dispatcher.pause(of: flight, now: harness.now) == 0)
    }

    @Test func `a pause of one key leaves the others alone, and none is shortened`() {
        var harness = DispatcherHarness()
        for pause in [9_000, 1_000] as [UInt64] {
            let actions = harness.dispatcher.backOff(
                .userList, of: .alice, for: pause, ending: nil, cache: &harness.cache, now: harness.now)
            #expect(actions.isEmpty)
        }
        let alice = harness.want(.userList, 1, as: .alice)
        #expect(alice == "1 fails: backingOff for 9 s")
        let bob = harness.want(.userList, 2, as: .bob)
        #expect(bob == "2 starts for bob")
    }
}
