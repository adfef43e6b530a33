import Serving
import Testing

/// Event by event: which fetches may go on.
@Suite struct FetchAdmissionTests {
    private static let guess = 256 << 10
    private static let least = 24 << 10

    /// For a cache of 16 MiB on this loop: 4 MiB for what receives, 4 MiB for what is read.
    private let admission = Desk(bytes: 16 << 20, maximumBody: 8 << 20)

    /// Begins so many fetches; those that may receive.
    private func begin(_ count: Int, _ kind: Resource.Kind = .facet, deadline: UInt64 = 100) -> [UInt64] {
        (0..<count).flatMap { _ in
            let (ticket, actions) = admission.begin(kind, deadline: deadline)
            #expect(actions == [] || actions == [.receive(ticket)])
            return actions.isEmpty ? [] : [ticket]
        }
    }

    @Test func `as many receive as there is room for, and the rest begins as they end`() {
        let receiving = begin(40)
        #expect(receiving == Array(1...16))
        #expect(admission.bytes == 4 << 20 && admission.waitingCount == 24)
        // One body is small: it is read at once, and its memory is held until it has been.
        #expect(admission.received(1000, expected: 1000, 1) == [.read(1, limit: 64 << 10)])
        // The next ones are taken to have as little.
        #expect(admission.ended(1) == (17...26).map { .receive($0) })
        #expect(admission.ended(2) == (27...36).map { .receive($0) })
    }

    @Test func `those that wait already go by what was learned since`() {
        #expect(begin(40).count == 16)
        #expect(admission.mayReceive(700_000, 1) == false)
        #expect(admission.exceeded(1) == [])
        // Half a megabyte each is known to be needed now, by those as well that came before that was known.
        #expect(admission.ended(2) == [.receive(1)])
        #expect(admission.ended(3) == [])
        #expect(admission.ended(4) == [.receive(17)])
    }

    @Test func `what bodies have is learned, for each kind`() {
        _ = begin(1)
        _ = admission.received(1000, expected: 1000, 1)
        _ = admission.ended(1)
        #expect(begin(1000).count == (4 << 20) / (Self.least + 1000))
        #expect(begin(1, .model) == [])
        for ticket in 2...1001 { _ = admission.ended(UInt64(ticket)) }
        _ = admission.ended(1002)
        #expect(begin(17, .model).count == 16)
    }

    @Test func `a body that grows has room where there is some, and is fetched once more where there is none`() {
        let receiving = begin(16)
        #expect(admission.mayReceive(Self.guess - Self.least, 1))
        #expect(!admission.mayReceive(Self.guess, 1))
        // It waits for twice as much, before those that came later.
        #expect(begin(1) == [])
        #expect(admission.exceeded(1) == [])
        #expect(admission.ended(2) == [.receive(1)])
        #expect(admission.mayReceive(2 * Self.guess - Self.least, 1))
        #expect(receiving.count == 16)
        // The next ones are given as much from the start.
        for ticket in 1...17 { _ = admission.ended(UInt64(ticket)) }
        #expect(begin(40).count == 8)
    }

    @Test func `the last fetch may always grow`() {
        #expect(begin(1) == [1])
        #expect(admission.mayReceive(8 << 20, 1))
        #expect(begin(1) == [])
        #expect(admission.ended(1).contains(.receive(2)))
    }

    @Test func `the catalogue goes first, and beyond the budget`() {
        _ = begin(20)
        #expect(begin(1, .catalog) == [21])
        // Reading is in the way of its reading neither.
        #expect(admission.received(700_000, expected: 700_000, 1) == [.read(1, limit: 700_000)])
        #expect(admission.received(700_000, expected: 700_000, 2) == [])
        #expect(admission.received(700_000, expected: 700_000, 21) == [.read(21, limit: 700_000)])
    }

    @Test func `bodies are read as there is room, whatever those hold that receive`() {
        _ = begin(16)
        var actions: [FetchAdmission.Action] = []
        for ticket in 1...16 { actions += admission.received(200_000, expected: 400_000, UInt64(ticket)) }
        #expect(actions == [.read(1, limit: 400_000)])
        #expect(admission.ended(1) == [.read(2, limit: 400_000)])
        #expect(admission.ended(2).first == .read(3, limit: 400_000))
    }

    @Test func `a body that becomes larger than was thought is read once more, up to the limit of all`() {
        _ = begin(2)
        #expect(admission.received(1_600, expected: 16_000, 1) == [.read(1, limit: 64 << 10)])
        #expect(admission.outgrew(1) == [.read(1, limit: 256 << 10)])
        #expect(admission.outgrew(1) == [.read(1, limit: 1 << 20)])
        #expect(admission.outgrew(1) == [.read(1, limit: 4 << 20)])
        #expect(admission.outgrew(1) == [.read(1, limit: 8 << 20)])
        #expect(admission.outgrew(1) == nil)
        // The other one waits for it, and then has its turn.
        #expect(admission.received(1_600, expected: 16_000, 2) == [])
        #expect(admission.ended(1).first == .read(2, limit: 64 << 10))
    }

    // MARK: Lists in pages

    @Test func `the rows of pages count while the next page is received, and are read together at the end`() {
        _ = begin(1)
        #expect(admission.received(100_000, expected: 100_000, 1) == [.read(1, limit: 100_000)])
        // Three pages are expected, and one more while it comes. Nothing is read meanwhile.
        #expect(admission.collects(400_000, 1).isRoom)
        #expect(admission.bytes == 400_000 + Self.least)
        #expect(admission.mayReceive(200_000, 1))
        #expect(admission.received(200_000, expected: 100_000, 1) == [.read(1, limit: 100_000)])
        #expect(admission.collects(400_000, 1).isRoom)
        #expect(admission.received(300_000, expected: 100_000, 1) == [.read(1, limit: 100_000)])
        #expect(admission.joined(300_000, 1) == [.read(1, limit: 300_000)])
        #expect(admission.bytes == 400_000 + Self.least + 6 * 300_000)
        _ = admission.ended(1)
        #expect(admission.bytes == 0)
        // The next ones are given about as much from the start.
        #expect(begin(40).count == 10)
    }

    @Test func `a list without room for all its pages is fetched anew when there is, and holds nothing meanwhile`() {
        _ = begin(16)
        #expect(admission.received(100_000, expected: 100_000, 1) == [.read(1, limit: 100_000)])
        #expect(admission.received(100_000, expected: 700_000, 2) == [])
        let (isRoom, actions) = admission.collects(900_000, 1)
        // The body that waited to be read does not wait for upstream.
        #expect(!isRoom && actions == [.read(2, limit: 700_000)])
        #expect(admission.bytes == 15 * Self.guess + 6 * 700_000)
        let after = (2...5).map { admission.ended(UInt64($0)).filter { $0 != .giveBack } }
        #expect(after == [[], [], [.receive(1)], []])
        #expect(admission.mayReceive(900_000, 1))
        #expect(admission.received(100_000, expected: 100_000, 1) == [.read(1, limit: 100_000)])
        #expect(admission.collects(900_000, 1).isRoom)
    }

    @Test func `a list whose size nobody says is fetched anew a few times only`() {
        let pages = 20
        _ = begin(16)
        var begun = 0
        for page in 1...pages {
            _ = admission.received(page * 50_000, expected: 50_000, 1)
            let (isRoom, actions) = admission.collects((2 * page + 1) * 50_000, 1)
            guard !isRoom else { continue }
            begun += 1
            // Another one ends, and makes room.
            var next = actions
            for ticket in 2...16 where !next.contains(.receive(1)) { next += admission.ended(UInt64(ticket)) }
            #expect(next.contains(.receive(1)))
            _ = begin(20)
        }
        #expect((1...5).contains(begun))
    }

    @Test func `a page that is larger than was thought is read once more, and the last list may always grow`() {
        _ = begin(1)
        _ = admission.received(10_000, expected: 10_000, 1)
        #expect(admission.collects(7 << 20, 1).isRoom)
        _ = admission.received(20_000, expected: 10_000, 1)
        #expect(admission.outgrew(1) == [.read(1, limit: 256 << 10)])
        #expect(admission.collects(15 << 20, 1).isRoom)
        #expect(admission.mayReceive(16 << 20, 1))
        #expect(admission.joined(8 << 20, 1) == [.read(1, limit: 8 << 20)])
        _ = admission.ended(1)
        #expect(!admission.collects(1, 1).isRoom && admission.joined(1, 1) == [])
    }

    @Test func `a fetch that waits too long is refused`() {
        _ = begin(16)
        #expect(begin(1, deadline: 50) == [])
        #expect(begin(1, deadline: 60) == [])
        #expect(admission.expire(at: 49) == [])
        #expect(admission.expire(at: 50) == [.refuse(17)])
        #expect(admission.ended(17) == [])
        #expect(admission.ended(1) == [.receive(18)])
    }

    @Test func `memory is given back when much was used`() {
        func trims(_ actions: [FetchAdmission.Action]) -> Bool { actions.contains(.giveBack) }
        _ = begin(1)
        _ = admission.received(1000, expected: 1000, 1)
        #expect(!trims(admission.ended(1)))
        _ = begin(1)
        _ = admission.received(900_000, expected: 2_000_000, 2)
        #expect(trims(admission.ended(2)))
        // While there are always some, now and then.
        _ = begin(1)
        let count = (1...40).count { _ in
            let (ticket, _) = admission.begin(.facet, deadline: 100)
            _ = admission.received(900_000, expected: 900_000, ticket)
            return trims(admission.ended(ticket))
        }
        #expect((2...5).contains(count))
    }

    @Test func `changed settings count from then on`() {
        _ = begin(16)
        admission.limit(to: 32 << 20, maximumBody: 8 << 20)
        #expect(begin(20).count == 16)
        admission.limit(to: 1 << 20, maximumBody: 4 << 20)
        #expect(begin(1) == [])
    }
}

/// The admission behind a reference, so that what changes it can be said in an expectation.
private final class Desk {
    typealias Ticket = FetchAdmission.Ticket
    typealias Action = FetchAdmission.Action
    private var admission: FetchAdmission

    init(bytes: Int, maximumBody: Int) { admission = FetchAdmission(bytes: bytes, maximumBody: maximumBody) }

    var bytes: Int { admission.bytes }
    var waitingCount: Int { admission.waitingCount }

    func begin(_ kind: Resource.Kind, deadline: UInt64) -> (ticket: Ticket, actions: [Action]) {
        admission.begin(kind, deadline: deadline)
    }
    func mayReceive(_ bytes: Int, _ ticket: Ticket) -> Bool { admission.mayReceive(bytes, ticket) }
    func exceeded(_ ticket: Ticket) -> [Action] { admission.exceeded(ticket) }
    func received(_ bytes: Int, expected: Int, _ ticket: Ticket) -> [Action] {
        admission.received(bytes, expected: expected, ticket)
    }
    func outgrew(_ ticket: Ticket) -> [Action]? { admission.outgrew(ticket) }
    func collects(_ bytes: Int, _ ticket: Ticket) -> (isRoom: Bool, actions: [Action]) {
        admission.collects(bytes, ticket)
    }
    func joined(_ bytes: Int, _ ticket: Ticket) -> [Action] { admission.joined(bytes, ticket) }
    func ended(_ ticket: Ticket) -> [Action] { admission.ended(ticket) }
    func expire(at now: UInt64) -> [Action] { admission.expire(at: now) }
    func limit(to bytes: Int, maximumBody: Int) { admission.limit(to: bytes, maximumBody: maximumBody) }
}
