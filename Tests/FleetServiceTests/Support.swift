import Digest
import Engine
import Fleet
import FleetService
import TestSupport

/// What came of a want.
enum Outcome: Equatable {
    /// This member has fetched.
    case completed(keeps: Bool, isAlone: Bool)
    case taken(body: [UInt8]?)
    case backOff(UInt32)
    case giveUp

    var isTaken: Bool { if case .taken = self { true } else { false } }
}

/// A fleet's member as a process has it, with what it has seen.
final class Replica: Sendable {
    struct Seen {
        var log: [String] = []
        var drops: [Scope] = []
        var droppedCopies: [Identifier] = []
        var backOffs: [Identifier] = []
        var fetches: [(ticket: Ticket, ground: WantStateMachine.Ground)] = []
    }

    let service: FleetService
    let seen: Monitor<Seen>
    /// Whether drops are reported as done.
    let answersDrops = Monitor(true)

    static let secret = Array("a secret that all replicas of the tests have".utf8)

    init(
        _ url: String, secret: [UInt8] = secret, upstream: UInt64 = 1, limits: Limits = Replica.patient,
        pendingFile: String? = nil, change: (inout FleetServiceSettings) -> Void = { _ in }
    ) throws {
        var settings = FleetServiceSettings(
            address: try EngineAddress(url), secret: try FleetSecret(secret),
            namespace: try Namespace(prefix: "test", upstream: upstream), limits: limits)
        settings.pendingFile = pendingFile
        change(&settings)
        let seen = Monitor(Seen())
        let itself = Monitor<Replica?>(nil)
        self.seen = seen
        service = try FleetService(settings) { event in
            seen.withValue { seen in
                switch event {
                case .log(let line, _): seen.log.append(line)
                case .drop(let scope, _): seen.drops.append(scope)
                case .dropCopy(let id): seen.droppedCopies.append(id)
                case .backOff(let id, _): seen.backOffs.append(id)
                case .stored, .disconnected: break
                }
            }
            if case .drop(_, let number) = event {
                guard let replica = itself.wait(.hang, until: { $0 }) else { return }
                if replica.answersDrops.current { replica.service.dropped(number) }
            }
        }
        itself.withValue { [unowned self] in $0 = self }
    }

    deinit { service.close() }

    /// Limits for a machine that is busy with other tests: nothing in a test depends on their end.
    static var patient: Limits {
        var limits = Limits(upstreamTimeout: 30_000, fleetTimeout: 10_000, connectTimeout: 10_000)
        limits.checkInterval = 500
        return limits
    }

    /// Limits for tests in which the engine does not answer.
    static var quick: Limits {
        var limits = Limits(upstreamTimeout: 2_000, fleetTimeout: 300, connectTimeout: 300)
        limits.checkInterval = 200
        limits.longestPause = 500
        return limits
    }

    func waitUntilUp() throws {
        if let why = service.waitUntilUp(.hang) { throw TimedOut("the engine: \(why)", after: .hang) }
    }

    func resource(_ name: String, owner: Identifier? = nil) -> FleetResource {
        service.resource(Array(name.utf8), owner: owner, isOfCatalogue: owner == nil)
    }

    /// Begins a want. Its fetch, if there is one, completes when `result` is given, or when the test calls `fetched`.
    func want(
        _ name: String, owner: Identifier? = nil, request: WantRequest = WantRequest(), result: FetchResult? = nil
    ) -> Monitor<Outcome?> {
        let outcome = Monitor<Outcome?>(nil)
        let isAlone = Monitor(false)
        service.want(resource(name, owner: owner), request) { [seen, weak self] answer in
            switch answer {
            case .fetch(let ticket, _, let ground):
                seen.withValue { $0.fetches.append((ticket, ground)) }
                if case .alone = ground { isAlone.withValue { $0 = true } }
                if let result { self?.service.fetched(ticket, result) }
            case .completed(let keeps): outcome.withValue { $0 = .completed(keeps: keeps, isAlone: isAlone.current) }
            case .take(let taken): outcome.withValue { $0 = .taken(body: taken.body) }
            case .backOff(let pause): outcome.withValue { $0 = .backOff(pause) }
            case .giveUp: outcome.withValue { $0 = .giveUp }
            }
        }
        return outcome
    }

    /// Gets a resource, by a fetch with this result if need be.
    func get(_ name: String, owner: Identifier? = nil, held: BodyDigest? = nil, _ result: FetchResult) throws -> Outcome
    {
        try want(name, owner: owner, request: WantRequest(held: held), result: result).value()
    }

    /// Waits until a fetch is asked for, and returns its ticket.
    func nextFetch(after count: Int = 0) throws -> Ticket {
        guard let ticket = seen.wait(.hang, until: { $0.fetches.count > count ? $0.fetches[count].ticket : nil })
        else { throw TimedOut("a fetch", after: .hang) }
        return ticket
    }

    func purge(_ scope: Scope) throws -> PurgeReport {
        let report = Monitor<PurgeReport?>(nil)
        service.purge(.scope(scope)) { [seen, service] number in
            seen.withValue { $0.drops.append(scope) }
            service.dropped(number)
        } done: { done in
            report.withValue { $0 = done }
        }
        return try report.value()
    }

    func waitForLog(_ text: String) throws {
        guard seen.wait(.hang, until: { $0.log.contains { $0.contains(text) } ? true : nil }) != nil else {
            throw TimedOut("“\(text)” in \(seen.withValue { $0.log })", after: .hang)
        }
    }

    func waitForDrop(_ scope: Scope) throws {
        guard seen.wait(.hang, until: { $0.drops.contains(scope) ? true : nil }) != nil else {
            throw TimedOut("a drop of \(scope)", after: .hang)
        }
    }
}

extension Monitor {
    /// The value, once it is there.
    func value<Wrapped>() throws -> Wrapped where Value == Wrapped? {
        guard let value = wait(.hang, until: { $0 }) else { throw TimedOut("an answer", after: .hang) }
        return value
    }
}

/// A copy that can be shared, fresh for a while.
func copy(_ body: [UInt8], owner: Identifier? = nil, freshFor: UInt64 = 600_000) -> FetchResult {
    .copy(
        CopyFacts(owner: owner, freshFor: freshFor, usableFor: 1_200_000, contentType: bytes("application/json")),
        body: body)
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }
