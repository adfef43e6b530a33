import History
import HistoryReference
import Testing

@testable import Daemon

/// When a stream of events reads and writes, event by event.
@Suite struct FollowStateMachineTests {
    private static func query(after cursor: Int64, limit: Int = EventQuery.usualLimit) -> EventQuery {
        var query = EventQuery()
        query.since = .cursor(cursor)
        query.limit = limit
        return query
    }

    private static func page(_ query: EventQuery, _ cursors: [Int64]) -> EventPage {
        query.page(of: cursors.map { Event(cursor: $0, at: 1, id: "a/b", RowChange(.other, before: nil, after: nil)) })
    }

    private var machine = FollowStateMachine(query(after: 0, limit: 2), now: 0)

    @Test mutating func `pages are read until there is no more, then again with each news`() {
        #expect(machine.first == Self.query(after: 0, limit: 2))
        machine.received(Self.page(machine.first, [1, 2, 3]))
        #expect(machine.wrote(isBlocked: false, isEmpty: false, now: 1) == .read(Self.query(after: 2)))
        machine.received(Self.page(Self.query(after: 2), [1, 2, 3]))
        #expect(machine.wrote(isBlocked: false, isEmpty: false, now: 1) == .none)
        #expect(machine.news() == .read(Self.query(after: 3)))
        // News that come while a page is read are not forgotten.
        #expect(machine.news() == .none)
        machine.received(Self.page(Self.query(after: 3), []))
        #expect(machine.wrote(isBlocked: false, isEmpty: true, now: 1) == .read(Self.query(after: 3)))
    }

    @Test mutating func `nothing is read while the client has not taken what was written`() {
        machine.received(Self.page(machine.first, [1, 2, 3]))
        #expect(machine.wrote(isBlocked: true, isEmpty: false, now: 1) == .none)
        #expect(machine.news() == .none)
        #expect(machine.tick(now: 100_000) == .none)
        #expect(machine.drained() == .read(Self.query(after: 2)))
    }

    @Test mutating func `a comment is written after some silence`() {
        machine.received(Self.page(machine.first, [1]))
        #expect(machine.wrote(isBlocked: false, isEmpty: false, now: 1_000) == .none)
        #expect(machine.tick(now: 1_000 + FollowStateMachine.silence - 1) == .none)
        #expect(machine.tick(now: 1_000 + FollowStateMachine.silence) == .keepAlive)
        #expect(machine.wrote(isBlocked: false, isEmpty: false, now: 20_000) == .none)
        #expect(machine.tick(now: 20_001) == .none)
    }

    @Test mutating func `while pages cannot be read, comments are written all the same`() {
        let silence = FollowStateMachine.silence
        machine.received(nil)
        for now in stride(from: 1_000, to: silence, by: 1_000) {
            #expect(machine.tick(now: now) == .read(Self.query(after: 0, limit: 2)))
            machine.received(nil)
        }
        #expect(machine.tick(now: silence) == .keepAlive)
        #expect(
            machine.wrote(isBlocked: false, isEmpty: false, now: silence) == .read(Self.query(after: 0, limit: 2)))
        machine.received(nil)
        #expect(machine.tick(now: 2 * silence - 1) == .read(Self.query(after: 0, limit: 2)))
        machine.received(nil)
        #expect(machine.tick(now: 2 * silence) == .keepAlive)
        // It reads again at once, and a store that does not answer ends no stream either.
        #expect(
            machine.wrote(isBlocked: false, isEmpty: false, now: 2 * silence) == .read(Self.query(after: 0, limit: 2)))
        #expect(machine.tick(now: 3 * silence - 1) == .none)
        #expect(machine.tick(now: 3 * silence) == .keepAlive)
        #expect(machine.wrote(isBlocked: false, isEmpty: false, now: 3 * silence) == .none)
        machine.received(Self.page(machine.first, [1]))
        #expect(machine.wrote(isBlocked: false, isEmpty: false, now: 3 * silence) == .none)
        #expect(machine.news() == .read(Self.query(after: 1)))
        #expect(machine.tick(now: 4 * silence) == .keepAlive)
        // A client that takes nothing gets none.
        #expect(machine.wrote(isBlocked: true, isEmpty: false, now: 4 * silence) == .none)
        machine.received(nil)
        #expect(machine.tick(now: 6 * silence) == .none)
        #expect(machine.drained() == .none)
        #expect(machine.tick(now: 6 * silence) == .keepAlive)
    }

    @Test mutating func `a page that could not be read is read again`() {
        machine.received(nil)
        #expect(machine.drained() == .none)
        #expect(machine.tick(now: 1) == .read(Self.query(after: 0, limit: 2)))
    }
}
