import Bytes
import Caching
import EventLoop
import Fetching
import Fleet
import HTTPClient
import HTTPCore
import Logging
import Persistence
import Serving

/// Receives the results of fetches.
protocol FetchRunnerDelegate: AnyObject {
    /// Why a fetch may not begin, although there is memory for it; nil if it may.
    func obstacle(to fetch: FetchContext) -> FetchProblem?
    /// A response was read. The fetch stays in the table until `FetchRunner.finished`.
    func fetched(_ fetch: FetchContext, _ ticket: FetchTable.Ticket, _ response: FetchedEntry)
    /// A fetch has failed, and is no longer in the table.
    func failed(_ fetch: FetchContext, _ problem: FetchProblem, bytes: Int)
}

/// What a response is.
struct FetchedEntry: Sendable {
    let entry: Entry
    /// What it changes in the store.
    let change: StateChange
    /// The copy for the fleet, and how the fleet names its body; nil if there is none to share.
    let copy: (FleetCopy, BodyDigest)?
    /// The size of the decoded body.
    let bytes: Int
}

/// The steps of each fetch of a loop from request to end. Each step begins when there is memory for it: `FetchTable`
/// decides.
final class FetchRunner {
    private var table: FetchTable
    private var origins: Origins
    private var settings: ShardSettings
    private let loop: Loop
    private let cache: LoopCache
    private let disk: DiskTier
    unowned var delegate: (any FetchRunnerDelegate)?
    /// Makes a copy for the fleet; nil without one.
    var share: (@Sendable (Entry, SharedBytes, Owner?, StaleWindows) -> (FleetCopy, BodyDigest)?)?

    /// Starts with no fetches. Throws if the upstream of the settings cannot be used.
    init(_ settings: ShardSettings, on loop: Loop, cache: LoopCache, disk: DiskTier) throws(UpstreamError) {
        self.settings = settings
        self.loop = loop
        self.cache = cache
        self.disk = disk
        origins = try Origins(on: loop, settings)
        table = FetchTable(bytes: settings.keeping.bytes, maximumBody: settings.source.client.maximumBody)
    }

    /// Where fetches and passed-through requests go.
    var origin: Origin { origins.current }

    /// Begins a fetch, now or when there is memory for its body. `lease` is the fleet's leave.
    func begin(_ flight: Dispatcher.Flight, for waiter: Dispatcher.Waiter, lease: FetchLease?) {
        let timeout = UInt64(settings.source.client.timeout)
        let actions = table.begin(
            flight, as: waiter, stored: cache.responses.entry(for: flight.resource, owner: waiter.owner),
            url: origin.url(of: flight.resource.upstreamTarget), lease: lease, now: loop.nowNanoseconds,
            deadline: loop.nowMilliseconds + min(timeout, lease?.limit ?? timeout))
        perform(actions)
    }

    /// The fetch as it is now, which ends: its waiters are about to be notified.
    func finished(_ ticket: FetchTable.Ticket) -> FetchContext? { table.finished(ticket) }

    /// The periodic work: fails the fetches that have waited for memory for too long, and closes the clients of earlier
    /// settings that have nothing left to do.
    func sweep() {
        perform(table.expire(at: loop.nowMilliseconds))
        origins.closeRetired()
    }

    /// Applies changed settings to further fetches.
    func reload(_ next: ShardSettings, log: Logger) {
        let before = settings
        settings = next
        if next.source.client != before.source.client || next.source.client.caFile != nil {
            do throws(UpstreamError) {
                try origins.renew(on: loop, next)
            } catch {
                // The supervisor has tested these settings, so this failure is new: keep the client that works.
                log.event(.reloadRefused, "fetches continue with the old settings: \(error)")
            }
        }
        table.limit(to: next.keeping.bytes, maximumBody: next.source.client.maximumBody)
    }

    /// Ends all fetches, without further calls, and lets the loop close.
    func close() { origins.close() }

    // MARK: Withdrawals

    /// Upstream has refused a key; with `byFleet` another replica has said so.
    func void(of owner: Owner, byFleet: Bool = false) { table.void(of: owner, byFleet: byFleet) }

    /// A purge was ordered, perhaps on another replica.
    func void(_ purge: Purge, byFleet: Bool = false) { table.void(purge, byFleet: byFleet) }

    /// The fleet has said whether the result of a fetch may be kept.
    func judged(_ ticket: FetchTable.Ticket, keeps: Bool) { table.judged(ticket, keeps: keeps) }

    /// Upstream has forbidden sharing the copy of a resource.
    func withdrawShared(_ resource: Resource) { table.withdrawShared(resource) }

    // MARK: Steps

    private func perform(_ actions: [FetchAdmission.Action]) {
        cache.responses.setAside(table.bytes)
        for action in actions {
            switch action {
            case .receive(let ticket): receive(ticket)
            case .read(let ticket, let limit): read(ticket, limit: limit)
            case .refuse(let ticket): fail(ticket, .busy, bytes: 0)
            case .giveBack: loop.offload({ ProcessMemory.trim(keeping: keptForRefreshes) }, then: {})
            }
        }
    }

    private func receive(_ ticket: FetchTable.Ticket) {
        // While it waited, upstream may have failed in another fetch.
        if let fetch = table[ticket], let problem = delegate?.obstacle(to: fetch) {
            return fail(ticket, problem, bytes: 0)
        }
        guard let fetch = table.asked(ticket, now: loop.nowNanoseconds, wallSeconds: loop.wallSeconds) else { return }
        // The others need the body. A 304 has none.
        let validators = fetch.lease?.isHeld == true ? nil : fetch.stored?.metadata
        ask(fetch.url, fetch, ticket, validators: validators, timeout: fetch.lease.map { Int(clamping: $0.limit) })
    }

    /// Sends a request of a fetch: the first one, the same again without validators, or one for a further page.
    private func ask(
        _ url: String, _ fetch: FetchContext, _ ticket: FetchTable.Ticket, validators: ResponseMetadata? = nil,
        timeout: Int?
    ) {
        origin.fetch(
            url: url, authorization: fetch.waiter.authorization, via: settings.hop.value(after: fetch.waiter.via),
            validators: validators, timeout: timeout
        ) { [self] bytes in
            table.mayReceive(bytes, ticket)
        } done: { [self] result in
            switch result {
            case .success(let response): perform(table.received(response, ticket))
            case .failure(.cancelled): break
            case .failure(.noRoom): perform(table.exceeded(ticket))
            case .failure(let failure): fail(ticket, FetchProblem(failure), bytes: 0)
            }
        }
    }

    /// The result of reading a response.
    private enum Reading {
        case entry(FetchedEntry)
        /// The decoded body is larger than the limit.
        case tooLarge(FetchProblem, bytes: Int)
        /// It is a page of a list, and was added to those before.
        case page(PagedList, PagedList.Step)
        case failed(FetchProblem, bytes: Int)
    }

    /// Decodes and reads a response on the thread pool, since the catalogue takes milliseconds.
    private func read(_ ticket: FetchTable.Ticket, limit: Int) {
        guard let fetch = table[ticket], let unread = fetch.unread else { return }
        let (builder, change) = (cache.builder, disk.change)
        let (resource, waiter) = (fetch.flight.resource, fetch.waiter)
        let isConfirmation = fetch.isConfirmation
        let circumstances = EntryBuilder.Circumstances(
            now: loop.nowMilliseconds, wallSeconds: loop.wallSeconds, chance: Double.random(in: 0..<1),
            stored: fetch.stored, askedAt: fetch.askedAt,
            delay: Int(clamping: loop.nowNanoseconds.elapsed(since: fetch.began) / 1_000_000_000))
        let (map, mostBytes) = (settings.map, settings.source.client.maximumBody)
        let (isList, url) = (fetch.isList, fetch.url)
        let (share, windows, flightOwner) = (
            fetch.lease?.isHeld == true ? share : nil, cache.responses.windows, fetch.flight.owner
        )
        loop.offload { () -> Reading in
            let response = unread.response
            let readable: FetchedResponse
            do throws(CodingProblem) {
                readable = try response.readable(limit: limit)
            } catch {
                let problem = FetchProblem(error, status: response.status)
                if case .tooLarge = error { return .tooLarge(problem, bytes: response.body.count) }
                return .failed(problem, bytes: response.body.count)
            }
            if case .page(_, var pages) = unread {
                let step = pages.add(readable)
                return .page(pages, step)
            }
            switch builder.build(resource, from: readable, beside: waiter.list, circumstances) {
            case .failure(let problem):
                if case .unusable = problem, isList,
                    var pages = PagedList(readable, from: url, map, mostBytes: mostBytes)
                {
                    let step = pages.add(readable)
                    return .page(pages, step)
                }
                return .failed(problem, bytes: readable.body.count)
            case .success(let entry):
                // The body of a confirmed entry is in the store already.
                let body = isConfirmation ? nil : readable.body
                return .entry(
                    FetchedEntry(
                        entry: entry, change: change(entry, resource, waiter.owner, body),
                        copy: body.flatMap { share?(entry, $0, flightOwner, windows) }, bytes: readable.body.count))
            }
        } then: { [self] (reading: Reading) in
            switch reading {
            case .entry(let response):
                let isRefusal = response.entry.status.refusesKey
                guard let (fetch, actions) = table.read(ticket, isRefusal: isRefusal) else { return }
                delegate?.fetched(fetch, ticket, response)
                perform(actions)
            case .failed(let problem, let bytes):
                if isConfirmation { forgetValidators(of: fetch) }
                if let actions = table.repeats(ticket) {
                    askForBody(ticket)
                    perform(actions)
                } else {
                    fail(ticket, problem, bytes: bytes)
                }
            case .page(let pages, let step): goOn(with: pages, step, of: ticket)
            case .tooLarge(let problem, let bytes):
                if let actions = table.outgrew(ticket) {
                    perform(actions)
                } else {
                    fail(ticket, problem, bytes: bytes)
                }
            }
        }
    }

    /// Upstream has answered 304, but not about the stored copy. Further fetches ask for the body, also if this one
    /// fails: with the same validators they would get the same answer for ever.
    private func forgetValidators(of fetch: FetchContext) {
        let (resource, owner) = (fetch.flight.resource, fetch.waiter.owner)
        guard let stored = fetch.stored, cache.responses.entry(for: resource, owner: owner) === stored else { return }
        cache.responses.store(stored.withoutValidators(), for: resource, owner: owner)
    }

    /// Repeats such a request without validators, unless upstream has failed meanwhile in another fetch.
    private func askForBody(_ ticket: FetchTable.Ticket) {
        guard let fetch = table[ticket] else { return }
        if let problem = delegate?.obstacle(to: fetch) { return fail(ticket, problem, bytes: 0) }
        askFurther(fetch.url, of: ticket)
    }

    private func fail(_ ticket: FetchTable.Ticket, _ problem: FetchProblem, bytes: Int) {
        guard let (fetch, actions) = table.failed(ticket) else { return }
        delegate?.failed(fetch, problem, bytes: bytes)
        perform(actions)
    }

    // MARK: Pages

    /// Continues with a list that upstream sends in pages. The first page's ticket represents the whole list. No page
    /// may be larger than a whole body.
    private func goOn(with pages: PagedList, _ step: PagedList.Step, of ticket: FetchTable.Ticket) {
        switch step {
        case .failed(let problem): fail(ticket, problem, bytes: 0)
        case .whole: perform(table.joined(pages, ticket))
        case .fetch(let url):
            let (goesOn, actions) = table.collected(pages, ticket)
            if goesOn { askFurther(url, of: ticket) }
            perform(actions)
        }
    }

    /// Sends a further request of a fetch.
    private func askFurther(_ url: String, of ticket: FetchTable.Ticket) {
        guard let fetch = table[ticket] else { return }
        // All requests together have the time of one fetch.
        guard let left = fetch.timeLeft(of: settings.source.client.timeout, now: loop.nowNanoseconds) else {
            return fail(ticket, FetchProblem(.timeout(.head)), bytes: 0)
        }
        ask(url, fetch, ticket, timeout: left)
    }
}

/// The most memory to keep free from one catalogue to the next, in bytes. Memory that is returned to the system must be
/// mapped again for each catalogue, page by page, and each page takes about a microsecond.
let keptForRefreshes = 12 << 20
