import Bytes
import EventLoop
import History
import Persistence
import Store
import TestSupport
import Testing

@testable import Daemon

/// What the followers of a loop read.
@Suite struct EventPartsTests {
    /// A loop with nothing on it but the pages.
    private final class Desk {
        let parts: EventParts
        private(set) var results: [HistoryResult<EventPart>] = []
        private let loop = Loop()
        private let database: HistoryDatabase
        private let peers: Peers
        private let supervisor: Mailbox<SupervisorMessage>

        init(_ database: HistoryDatabase) {
            self.database = database
            supervisor = Mailbox(on: loop) { _ in }
            peers = Peers(index: 0, supervisor: supervisor)
            parts = EventParts(on: loop, peers: peers)
            let mailbox = Mailbox<ShardMessage>(on: loop) { [unowned self] message in
                guard case .history(.partRead(let key, let page)) = message else { return }
                parts.received(page, for: key)
            }
            peers.open(mailbox)
        }

        func read(_ query: EventQuery) {
            parts.read(query, in: database) { [unowned self] result in results.append(result) }
        }

        /// Runs the loop until there are so many results, and ends it.
        func run(_ count: Int) {
            loop.run(until: { self.results.count == count }) { [self] in
                peers.close()
                supervisor.close()
            }
        }
    }

    private static func query(after cursor: Int64, _ kinds: Set<ChangeKind>? = nil) -> EventQuery {
        var query = EventQuery()
        query.since = .cursor(cursor)
        query.kinds = kinds
        return query
    }

    @Test func `followers that want the same share one read, until something is stored`() {
        let storage = HeldStorage()
        let desk = Desk(storage.database)
        for _ in 0..<64 { desk.read(Self.query(after: 7)) }
        #expect(storage.count == 1)
        desk.read(Self.query(after: 8))
        desk.read(Self.query(after: 7, [.price]))
        #expect(storage.count == 3)
        // What was read before may lack it.
        desk.parts.heard()
        for _ in 0..<64 { desk.read(Self.query(after: 7)) }
        #expect(storage.count == 4)
        for number in 0..<4 { storage.answer(number, .none) }
        desk.run(130)
    }

    @Test func `events are written once for all who read them`() throws {
        let history = try RecordedHistory()
        try history.record([#"{"id":"a/b"}"#], at: 100)
        try history.record([#"{"id":"a/b"}"#, #"{"id":"a/c"}"#, #"{"id":"a/d"}"#], at: 200)
        let desk = Desk(history.database)
        for _ in 0..<3 { desk.read(Self.query(after: 0)) }
        desk.run(3)
        let parts = desk.results.compactMap { result in if case .found(let part) = result { part } else { nil } }
        let part = try #require(parts.first)
        #expect(parts.count == 3 && parts.allSatisfy { $0.text.chunk.owner === part.text.chunk.owner })
        #expect(part.page.events.map(\.kind) == [.added, .added])
        var text = ByteBuilder()
        for event in part.page.events { EventStream.append(event, to: &text) }
        let expected = text.span.text()
        let (bare, chunk) = (part.text.bare.span.text(), part.text.chunk.span.text())
        #expect(bare == expected)
        #expect(chunk == String(expected.utf8.count, radix: 16) + "\r\n" + expected + "\r\n")
    }

    @Test func `a page without events has no text`() {
        let part = EventPart(EventPager(Self.query(after: 7)).page(last: 7))
        #expect(part.text.bare.count == 0 && part.page.next == 7)
    }
}
