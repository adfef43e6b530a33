import Bytes
import Caching
import HTTPClient
import HTTPCore
import Testing

@testable import Fetching
@testable import Serving

/// Event by event: the fetches of a loop.
@Suite struct FetchTableTests {
    private static let alice = Owner(high: 0xA11C_E000_0000, low: 1)
    private static let bob = Owner(high: 0xB0B0_0000_0000, low: 2)

    private static func entry(isShared: Bool = true) -> Entry {
        Entry(
            content: .body(.empty), freshness: Freshness(storedAt: 7, lifetime: 300_000), maxAge: 300,
            isShared: isShared, status: .ok, contentType: [], identity: 1, lastModified: 0)
    }

    private static func response(_ status: Int = 200, size: Int = 100) -> FetchedResponse {
        FetchedResponse(
            status: status, fields: [], body: SharedBytes([UInt8](repeating: 0x20, count: size)), duration: .zero)
    }

    /// A table whose first fetch has the ticket 1. It has room for one body that is read at a time.
    private final class Desk {
        private var table = FetchTable(bytes: 4 << 20, maximumBody: 1 << 20)

        var count: Int { table.count }
        var bytes: Int { table.bytes }
        subscript(ticket: UInt64) -> FetchContext? { table[ticket] }

        func begin(
            _ resource: Resource = .catalog, as owner: Owner = alice, stored: Entry? = nil, lease: FetchLease? = nil,
            deadline: UInt64 = 100
        ) -> [FetchAdmission.Action] {
            let waiter = Dispatcher.Waiter(loop: 0, ticket: 9, owner: owner, authorization: nil, directive: .any)
            return table.begin(
                Dispatcher.Flight(resource: resource, owner: nil), as: waiter, stored: stored, url: "u",
                lease: lease, now: 1, deadline: deadline)
        }

        func asked(_ ticket: UInt64) -> FetchContext? { table.asked(ticket, now: 50, wallSeconds: 60) }
        func received(_ response: FetchedResponse, _ ticket: UInt64) -> [FetchAdmission.Action] {
            table.received(response, ticket)
        }
        func read(_ ticket: UInt64) -> FetchContext? { table.read(ticket)?.0 }
        func failed(_ ticket: UInt64) -> FetchContext? { table.failed(ticket)?.0 }
        func finished(_ ticket: UInt64) -> FetchContext? { table.finished(ticket) }
        func expire(_ now: UInt64) -> [FetchAdmission.Action] { table.expire(at: now) }
        func joined(_ response: FetchedResponse, _ ticket: UInt64) { table.joined(response, ticket) }
        func void(of owner: Owner) { table.void(of: owner) }
        func void(_ purge: Purge) { table.void(purge) }
        func withdrawShared(_ resource: Resource) { table.withdrawShared(resource) }
    }

    @Test func `further pages have what is left of the fetch's own time, and of the fleet's`() throws {
        let desk = Desk()
        _ = desk.begin()
        _ = desk.begin(.userList, lease: FetchLease(number: 1, isHeld: true, limit: 400))
        // They are sent at 50 ns.
        let alone = try #require(desk.asked(1))
        let leased = try #require(desk.asked(2))
        #expect(alone.timeLeft(of: 1_000, now: 50) == 1_000)
        #expect(alone.timeLeft(of: 1_000, now: 300_000_050) == 700)
        #expect(alone.timeLeft(of: 1_000, now: 999_000_050) == 1)
        #expect(alone.timeLeft(of: 1_000, now: 1_000_000_050) == nil)
        #expect(alone.timeLeft(of: 1_000, now: 9_000_000_050) == nil)
        #expect(leased.timeLeft(of: 1_000, now: 300_000_050) == 100)
        #expect(leased.timeLeft(of: 200, now: 300_000_050) == nil)
    }

    @Test func `a fetch holds memory until it is read, and is under way until it is finished`() throws {
        let desk = Desk()
        #expect(desk.begin() == [.receive(1)])
        let asked = try #require(desk.asked(1))
        #expect(asked.began == 50 && asked.askedAt == 60 && asked.url == "u")
        #expect(desk.received(Self.response(), 1) == [.read(1, limit: FetchAdmission.leastLimit)])
        #expect(desk[1]?.response?.body.count == 100)
        #expect(desk.bytes > 0)
        let read = try #require(desk.read(1))
        #expect(read.response == nil && read.isConfirmation == false)
        #expect(desk.bytes == 0 && desk.count == 1)
        #expect(desk[1] == nil)
        #expect(desk.finished(1) != nil && desk.count == 0)
    }

    @Test func `a fetch ends once`() {
        let desk = Desk()
        _ = desk.begin()
        #expect(desk.failed(1) != nil)
        #expect(desk.failed(1) == nil && desk.read(1) == nil && desk.finished(1) == nil && desk.asked(1) == nil)
        _ = desk.begin()
        #expect(desk.read(2) != nil)
        #expect(desk.read(2) == nil && desk.failed(2) == nil)
        #expect(desk.finished(2) != nil && desk.finished(2) == nil)
    }

    @Test func `a fetch that waits for memory for too long is refused`() {
        let desk = Desk()
        var began = 0
        for _ in 0..<40 where !desk.begin(.opaque(path: "/providers", query: "")).isEmpty { began += 1 }
        #expect(began < 40)
        #expect(desk.expire(99) == [])
        #expect(desk.expire(100).count == 40 - began)
    }

    @Test func `a 304 confirms the stored entry, also as the last page of a list`() {
        let desk = Desk()
        _ = desk.begin()
        _ = desk.received(Self.response(304, size: 0), 1)
        #expect(desk[1]?.isConfirmation == true)
        desk.joined(Self.response(), 1)
        #expect(desk[1]?.isConfirmation == false)
    }

    @Test func `lists may come in pages`() {
        let desk = Desk()
        for resource in [Resource.catalog, .userList, .opaque(path: "/providers", query: ""), .model(id: "a/b")] {
            _ = desk.begin(resource)
        }
        #expect((1...4).map { desk[$0]?.isList } == [true, true, false, false])
    }

    @Test func `a refused key voids its fetches, but for those that have been read`() throws {
        let desk = Desk()
        _ = (desk.begin(.catalog), desk.begin(.userList), desk.begin(.catalog, as: Self.bob))
        // This one has brought the refusal.
        #expect(desk.read(1) != nil)
        desk.void(of: Self.alice)
        #expect(desk.finished(1)?.isVoid == false)
        #expect(desk[2]?.isVoid == true && desk[3]?.isVoid == false)
        let delivered = try #require(desk.finished(2)).delivered(Self.entry())
        #expect(delivered.freshness.lifetime == 0 && delivered.maxAge == 0 && delivered.freshness.storedAt == 7)
        #expect(try #require(desk.finished(3)).delivered(Self.entry()).maxAge == 300)
    }

    @Test func `a purge voids what it covers, also what has been read`() {
        let desk = Desk()
        _ = (desk.begin(.catalog), desk.begin(.opaque(path: "/providers", query: "")))
        #expect(desk.read(1) != nil)
        desk.void(.catalog)
        #expect(desk.finished(1)?.isVoid == true)
        #expect(desk[2]?.isVoid == false)
        desk.void(.all)
        #expect(desk[2]?.isVoid == true)
    }

    @Test func `a confirmation of a withdrawn copy may not be shared, and a new body may`() {
        for (status, isShared, withdrawn, mayShare) in [
            (304, true, Resource.catalog, false), (200, true, .catalog, true), (304, true, .userList, true),
            (304, false, .catalog, true),
        ] {
            let desk = Desk()
            _ = desk.begin(.catalog, stored: Self.entry(isShared: isShared))
            _ = desk.received(Self.response(status), 1)
            #expect(desk[1]?.mayShare == true)
            desk.withdrawShared(withdrawn)
            #expect(desk[1]?.mayShare == mayShare, "\(status) \(isShared) \(withdrawn)")
        }
    }
}
