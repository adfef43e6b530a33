import Caching
import Testing

@testable import Serving

@Suite struct DispatcherFleetTests {
    @Test func `a copy of another replica answers all who wait, but those who insist only if it is new`() {
        var tower = Tower()
        tower.cache.windows.noCache = 1_000
        let wanted = [
            tower.want(.catalog, 1), tower.want(.catalog, 2, directive: .refresh), tower.want(.catalog, 3, as: .alice),
        ]
        #expect(wanted == ["1 starts for all", "waits", "waits"])
        let old = tower.entry()
        tower.now += 5_000
        tower.cache.store(old, for: .catalog, owner: .nobody)
        let flight = Dispatcher.Flight(resource: .catalog, owner: nil)
        let actions = tower.dispatcher.completed(
            flight, with: old, isTaken: true, cache: &tower.cache, now: tower.now)
        #expect(actions.count == 3 && tower.dispatcher.flightCount == 1)
        guard case .start(flight, let waiter) = actions[2] else {
            Issue.record("nobody asks for the one who insists")
            return
        }
        #expect(waiter.ticket == 2)
        let new = tower.entry()
        tower.cache.store(new, for: .catalog, owner: .nobody)
        let last = tower.dispatcher.completed(
            flight, with: new, isTaken: true, cache: &tower.cache, now: tower.now)
        #expect(last.count == 1 && tower.dispatcher.flightCount == 0)
    }

    @Test func `a copy that is one key's own goes to nobody else, even if that key insists on a newer one`() {
        var tower = Tower()
        tower.cache.windows.noCache = 1_000
        _ = [tower.want(.catalog, 1, as: .alice, directive: .refresh), tower.want(.catalog, 2, as: .bob)]
        let old = tower.entry(isShared: false)
        tower.now += 5_000
        tower.cache.store(old, for: .catalog, owner: .alice)
        let actions = tower.dispatcher.completed(
            Dispatcher.Flight(resource: .catalog, owner: nil), with: old, isTaken: true, cache: &tower.cache,
            now: tower.now)
        #expect(actions.count == 2)
        for action in actions {
            guard case .start = action else {
                Issue.record("a waiter gets \(action)")
                continue
            }
        }
    }

    @Test func `what another replica tells of a failure ends the wait, and pauses all`() {
        var tower = Tower()
        _ = [tower.want(.catalog, 1), tower.want(.catalog, 2, as: .alice)]
        let flight = Dispatcher.Flight(resource: .catalog, owner: nil)
        let actions = tower.dispatcher.leftAlone(
            .catalog, of: nil, for: 7_000, ending: flight, cache: &tower.cache, now: tower.now)
        #expect(actions.count == 2 && tower.dispatcher.flightCount == 0)
        #expect(tower.dispatcher.pause(of: flight, now: tower.now) == 7_000)
        let later = tower.want(.catalog, 3)
        #expect(later == "3 fails: backingOff for 7 s")
        tower.now += 7_000
        let last = tower.want(.catalog, 4)
        #expect(last == "4 starts for all")
        #expect(tower.dispatcher.pause(of: flight, now: tower.now) == 0)
    }

    @Test func `a pause of one key leaves the others alone, and none is shortened`() {
        var tower = Tower()
        for pause in [9_000, 1_000] as [UInt64] {
            let actions = tower.dispatcher.leftAlone(
                .userList, of: .alice, for: pause, ending: nil, cache: &tower.cache, now: tower.now)
            #expect(actions.isEmpty)
        }
        let alice = tower.want(.userList, 1, as: .alice)
        #expect(alice == "1 fails: backingOff for 9 s")
        let bob = tower.want(.userList, 2, as: .bob)
        #expect(bob == "2 starts for bob")
    }
}
