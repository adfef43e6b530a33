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

    private static func entry(isShared: Bool = true, tag: String? = nil) -> Entry {
        Entry(
            content: .body(.empty), freshness: Freshness(storedAt: 7, lifetime: 300_000), maxAge: 300,
            isShared: isShared, status: .ok, contentType: [], identity: 1, lastModified: 0,
            metadata: ResponseMetadata(entityTag: tag))
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
        func read(_ ticket: UInt64, isRefusal: Bool = false) -> FetchContext? {
            table.read(ticket, isRefusal: isRefusal)?.0
        }
        func judged(_ ticket: UInt64, keeps: Bool = true) { table.judged(ticket, keeps: keeps) }
        func failed(_ ticket: UInt64) -> FetchContext? { table.failed(ticket)?.0 }
        func finished(_ ticket: UInt64) -> FetchContext? { table.finished(ticket) }
        func expire(_ now: UInt64) -> [FetchAdmission.Action] { table.expire(at: now) }
        func mayReceive(_ bytes: Int, _ ticket: UInt64) -> Bool { table.mayReceive(bytes, ticket) }
        func exceeded(_ ticket: UInt64) -> [FetchAdmission.Action] { table.exceeded(ticket) }
        func collected(_ pages: PagedList, _ ticket: UInt64) -> (goesOn: Bool, actions: [FetchAdmission.Action]) {
            table.collected(pages, ticket)
        }
        func repeats(_ ticket: UInt64) -> [FetchAdmission.Action]? { table.repeats(ticket) }
        func joined(_ pages: PagedList, _ ticket: UInt64) -> [FetchAdmission.Action] { table.joined(pages, ticket) }
        func void(of owner: Owner, byFleet: Bool = false) { table.void(of: owner, byFleet: byFleet) }
        func void(_ purge: Purge, byFleet: Bool = false) { table.void(purge, byFleet: byFleet) }
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

    @Test func `a 304 confirms the stored entry, but not as the last page of a list`() throws {
        let desk = Desk()
        _ = desk.begin()
        _ = desk.received(Self.response(304, size: 0), 1)
        #expect(desk[1]?.isConfirmation == true)
        _ = desk.joined(try Self.pages(0..<1), 1)
        #expect(desk[1]?.isConfirmation == false)
    }

    @Test func `after a 304 about something else the request is repeated once, without validators`() throws {
        let desk = Desk()
        _ = desk.begin(stored: Self.entry(tag: "\"1\""))
        #expect(desk.repeats(1) == nil, "nothing has come yet")
        let receiving = desk.bytes
        #expect(desk.received(Self.response(304, size: 0), 1) == [.read(1, limit: FetchAdmission.leastLimit)])
        #expect(desk.bytes > receiving)
        #expect(desk.repeats(1) == [])
        #expect(desk.bytes == receiving && desk[1]?.isConfirmation == false && desk[1]?.response == nil)
        let stored = try #require(desk[1]?.stored)
        #expect(!stored.metadata.hasValidator && stored.identity == 1)
        // What is withdrawn meanwhile, and purged, concerns it as before.
        desk.void(.catalog)
        #expect(desk.mayReceive(1_000, 1))
        #expect(desk.received(Self.response(304, size: 0), 1) == [.read(1, limit: FetchAdmission.leastLimit)])
        #expect(desk.repeats(1) == nil)
        #expect(desk.failed(1)?.isVoid == true && desk.count == 0 && desk.bytes == 0)
    }

    @Test func `a response that is no 304, or answers no question, is not asked for again`() {
        let leased = { (isHeld: Bool) in FetchLease(number: 1, isHeld: isHeld, limit: 400) }
        for (status, tag, lease, isRepeated) in [
            (200, "\"1\"", nil, false), (304, nil, nil, false), (304, "\"1\"", leased(true), false),
            (304, "\"1\"", leased(false), true),
        ] as [(Int, String?, FetchLease?, Bool)] {
            let desk = Desk()
            _ = desk.begin(stored: Self.entry(tag: tag), lease: lease)
            _ = desk.received(Self.response(status), 1)
            #expect((desk.repeats(1) != nil) == isRepeated, "\(status) \(tag ?? "-")")
        }
    }

    // MARK: Lists in pages

    private static let map = UpstreamMap(baseURL: "http://h/api/v1")

    /// A page of models with some kilobytes each, of ten in all.
    private static func page(_ ids: Range<Int>) -> FetchedResponse {
        let text = String(repeating: "x", count: 10_000)
        let rows = ids.map { #"{"id":"a/\#($0)","text":"\#(text)"}"# }.joined(separator: ",")
        return FetchedResponse(
            status: 200, fields: [(name: "content-type", value: "application/json")],
            body: SharedBytes(Array(#"{"data":[\#(rows)],"total_count":10}"#.utf8)), duration: .zero)
    }

    /// A list of which one page was added.
    private static func pages(_ ids: Range<Int>) throws -> PagedList {
        var pages = try #require(PagedList(page(ids), from: "http://h/api/v1/models", map, mostBytes: 1 << 20))
        _ = pages.add(page(ids))
        return pages
    }

    @Test func `the pages of a list count as received until all are there, and are read as one response`() throws {
        let desk = Desk()
        _ = desk.begin(.userList)
        _ = desk.received(Self.page(0..<5), 1)
        guard case .response? = desk[1]?.unread else {
            Issue.record("the first page is no response")
            return
        }
        var pages = try Self.pages(0..<5)
        #expect(pages.expectedCount > 100_000 && pages.expectedCount < 101_000)
        #expect(desk.collected(pages, 1).goesOn)
        #expect(desk[1]?.unread == nil)
        #expect(desk.bytes > 150_000)
        _ = desk.received(Self.page(5..<10), 1)
        guard case .page(let page, let before)? = desk[1]?.unread else {
            Issue.record("it is no page")
            return
        }
        #expect(page.body.count > 50_000 && before.byteCount == pages.byteCount)
        guard case .whole = pages.add(page) else {
            Issue.record("it is not the last page")
            return
        }
        #expect(desk.joined(pages, 1) == [.read(1, limit: pages.byteCount)])
        let whole = try #require(desk[1]?.unread).response
        #expect(whole.body.span.text().hasSuffix(#"],"total_count":10,"links":{"next":null}}"#))
        #expect(whole.body.count > 100_000)
        #expect(desk.read(1)?.unread == nil && desk.bytes == 0)
    }

    @Test func `a list without room for a page begins anew, with none of its pages`() throws {
        let desk = Desk()
        _ = desk.begin(.userList)
        for _ in 0..<3 { _ = desk.begin(.opaque(path: "/providers", query: "")) }
        _ = desk.received(Self.page(0..<5), 1)
        #expect(desk.collected(try Self.pages(0..<5), 1).goesOn)
        // The rows that are there leave less room for the page.
        #expect(desk.mayReceive(180_000, 1) && !desk.mayReceive(220_000, 1))
        #expect(desk.exceeded(1) == [])
        #expect(desk[1]?.unread == nil)
        #expect(desk.failed(2) != nil && desk.failed(3) != nil)
        #expect(desk.mayReceive(400_000, 1))
    }

    @Test func `lists may come in pages`() {
        let desk = Desk()
        for resource in [Resource.catalog, .userList, .opaque(path: "/providers", query: ""), .model(id: "a/b")] {
            _ = desk.begin(resource)
        }
        #expect((1...4).map { desk[$0]?.isList } == [true, true, false, false])
    }

    @Test func `a refused key voids its fetches, also what has been read, but not the refusal`() throws {
        let desk = Desk()
        _ = (desk.begin(.catalog), desk.begin(.userList), desk.begin(.catalog, as: Self.bob), desk.begin(.catalog))
        #expect(desk.read(1, isRefusal: true) != nil)
        #expect(desk.read(4) != nil)
        desk.void(of: Self.alice)
        #expect(desk.finished(1)?.isVoid == false)
        #expect(desk.finished(4)?.isVoid == true)
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

    @Test func `what another replica removes voids a fetch of the fleet once the fleet has said that it may be kept`() {
        for isPurge in [true, false] {
            let desk = Desk()
            let lease = FetchLease(number: 1, isHeld: true, limit: 400)
            _ = (desk.begin(.catalog, lease: lease), desk.begin(.catalog, lease: lease), desk.begin(.catalog))
            _ = desk.begin(.catalog, lease: lease)
            #expect(desk.read(2) != nil)
            desk.judged(2)
            #expect(desk.read(4) != nil)
            if isPurge { desk.void(.all, byFleet: true) } else { desk.void(of: Self.alice, byFleet: true) }
            #expect(desk[1]?.isVoid == false, "the fleet will say so when it ends")
            #expect(desk.finished(2)?.isVoid == true)
            #expect(desk[3]?.isVoid == true)
            desk.judged(4, keeps: false)
            #expect(desk.finished(4)?.isVoid == true)
        }
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
