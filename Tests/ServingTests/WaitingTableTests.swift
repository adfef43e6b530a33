import Caching
import HTTPCore
import Testing

@testable import Serving

/// Event by event: who waits under which ticket.
@Suite struct WaitingTableTests {
    private typealias Table = WaitingTable<String>

    private final class Room {
        private var table = Table()

        func add(
            _ client: String, _ resource: Resource = .catalog, as owner: Owner = .alice,
            directive: CacheDirective = .any, forbidsStoring: Bool = false
        ) -> UInt64? {
            table.add(
                client, for: Table.Want(resource: resource, owner: owner, directive: directive),
                forbidsStoring: forbidsStoring)
        }
        func addRefresh(_ resource: Resource = .catalog) -> UInt64? { table.addRefresh(of: resource, owner: .alice) }
        func take(_ ticket: UInt64) -> Table.Group? { table.take(ticket) }
        func close(_ purge: Purge) { table.close { purge.covers($0.resource, ownerHigh: $0.owner.high) } }
        var all: [String] {
            var all: [String] = []
            table.forEach { all.append($0) }
            return all.sorted()
        }
    }

    @Test func `the first to want a thing gets a ticket, and the others wait with it in order`() throws {
        let room = Room()
        #expect(room.add("a") == 1)
        #expect(room.add("b") == nil && room.add("c") == nil)
        #expect(room.all == ["a", "b", "c"])
        let group = try #require(room.take(1))
        #expect(group.clients == ["a", "b", "c"] && group.want.resource == .catalog && !group.isRefresh)
        #expect(room.take(1) == nil && room.all.isEmpty)
        #expect(room.add("d") == 2)
    }

    @Test func `another resource, owner or directive is another thing`() {
        let room = Room()
        let tickets = [
            room.add("a"), room.add("b", .userList), room.add("c", as: .bob), room.add("d", directive: .refresh),
        ]
        #expect(tickets == [1, 2, 3, 4])
    }

    @Test func `a request that forbids storing waits alone, and nobody joins it`() throws {
        let room = Room()
        #expect(room.add("a", forbidsStoring: true) == 1)
        #expect(room.add("b") == 2)
        #expect(room.add("c", forbidsStoring: true) == 3)
        #expect(room.add("d") == nil)
        #expect(try #require(room.take(3)).forbidsStoring)
        // Its end does not end the group of the others.
        #expect(room.add("e") == nil)
        #expect(try #require(room.take(2)).clients == ["b", "d", "e"])
    }

    @Test func `a refresh begins once, and a request may join it`() throws {
        let room = Room()
        #expect(room.addRefresh() == 1)
        #expect(room.addRefresh() == nil)
        #expect(room.add("a") == nil)
        let group = try #require(room.take(1))
        #expect(group.isRefresh && group.clients == ["a"])
        #expect(room.add("b") == 2)
        #expect(room.addRefresh() == nil)
    }

    @Test func `after a purge nobody joins those who waited before, and each group gets its own answer`() throws {
        let room = Room()
        #expect([room.add("a"), room.add("b"), room.add("c", .opaque(path: "/providers", query: ""))] == [1, nil, 2])
        room.close(.catalog)
        #expect(room.add("d") == 3 && room.add("e") == nil)
        #expect(room.add("f", .opaque(path: "/providers", query: "")) == nil)
        #expect(room.all == ["a", "b", "c", "d", "e", "f"])
        #expect(try #require(room.take(1)).clients == ["a", "b"])
        // The end of the earlier one does not end the later one.
        #expect(room.add("g") == nil)
        #expect(try #require(room.take(3)).clients == ["d", "e", "g"])
        #expect(room.add("h") == 4)
    }

    @Test func `nobody ever waits under the ticket of those who do not wait`() {
        let room = Room()
        #expect(room.add("a") != noWaitingTicket)
        #expect(room.take(noWaitingTicket) == nil)
    }
}

/// What the loop of the waiters does when a fetch has ended.
@Suite struct OutcomeTests {
    private static let problem = FetchProblem.timeout("late")

    private static func failure(_ copy: Entry?, until: UInt64, isOfKey: Bool = false) -> Dispatcher.Outcome {
        .failure(problem, staleIfErrorCopy: copy, Dispatcher.BackoffNotice(until: until, isOfKey: isOfKey))
    }

    @Test func `a response is kept unless that is forbidden, and a stale copy in any case`() {
        let entry = Entry.make()
        #expect(Dispatcher.Outcome.entry(entry, isNew: true).entryToKeep(forbidsStoring: false) === entry)
        #expect(Dispatcher.Outcome.entry(entry, isNew: true).entryToKeep(forbidsStoring: true) == nil)
        #expect(Self.failure(entry, until: 0).entryToKeep(forbidsStoring: true) === entry)
        #expect(Self.failure(nil, until: 0).entryToKeep(forbidsStoring: false) == nil)
    }

    @Test func `after a response a refresh may begin at once, after a refusal of the key not for a second`() {
        #expect(Dispatcher.Outcome.entry(.make(), isNew: true).pause(at: 5_000) == RefreshPause())
        let refusal = Dispatcher.Outcome.entry(.refusal(.unauthorized), isNew: true).pause(at: 5_000)
        #expect(refusal == RefreshPause(notBefore: 6_000, backoffUntil: 0, isAboutKey: true))
    }

    @Test func `after a failure the back-off holds, and a second in any case`() {
        #expect(
            Self.failure(nil, until: 9_000).pause(at: 5_000)
                == RefreshPause(notBefore: 9_000, backoffUntil: 9_000, isAboutKey: false))
        #expect(
            Self.failure(nil, until: 5_200, isOfKey: true).pause(at: 5_000)
                == RefreshPause(notBefore: 6_000, backoffUntil: 5_200, isAboutKey: true))
        // Nothing was asked, so there is no back-off.
        #expect(Self.failure(nil, until: 0).pause(at: 5_000) == RefreshPause(notBefore: 6_000))
    }
}
