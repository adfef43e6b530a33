import Bytes
import Caching
import Catalog
import EventLoop
import Fetching
import Serving

/// The cache of a loop, and the rule by which entries come into it. Connections answer from it; fetches and the disk
/// tier bring entries.
final class LoopCache {
    var responses: ResponseCache
    /// Makes entries under the current settings.
    private(set) var builder: EntryBuilder
    private let loop: Loop

    /// An empty cache.
    init(_ settings: ShardSettings, on loop: Loop) {
        self.loop = loop
        builder = settings.keeping.entryBuilder
        responses = ResponseCache(maximumBytes: settings.keeping.bytes, windows: settings.keeping.windows)
    }

    /// Stores an entry that may be of use later, unless there is a newer one.
    func keep(_ entry: Entry, for resource: Resource, owner: Owner) {
        // An entry that was read under earlier settings may no longer be shareable.
        guard loop.nowMilliseconds < entry.freshness.useEnds(responses.windows), builder.allows(entry, of: resource)
        else { return }
        if let held = responses.entry(for: resource, owner: owner),
            held === entry || held.freshness.storedAt > entry.freshness.storedAt
        {
            return
        }
        responses.store(entry, for: resource, owner: owner)
    }

    /// The stored copy for a request whose fetch has failed.
    func staleIfErrorCopy(for resource: Resource, of request: RequestSummary, _ problem: FetchProblem) -> Entry? {
        responses.staleIfErrorCopy(for: resource, owner: request.owner, after: problem, now: loop.nowMilliseconds)
    }

    /// Compresses an answer on another thread, for the next request for it.
    func compress(_ answer: Answer) {
        let body = answer.body
        let coding = answer.preferred
        loop.offload {
            coding.compress(body.span)
        } then: { [self] coded in
            if let coded, coded.count < body.count { responses.replace(answer, compressed: coded) }
        }
    }

    /// Applies changed settings to what is kept.
    func reload(_ next: ShardSettings, from before: ShardSettings) {
        builder = next.keeping.entryBuilder
        // The meaning of queries has changed, or the fixed fields of every head; upstream's data has not.
        if next.responder.upstreamParameters != before.responder.upstreamParameters
            || next.allowsAnyOrigin != before.allowsAnyOrigin || next.responder.views != before.responder.views
        {
            responses.removeAnswers()
            responses.compiledViews.removeAll()
        }
        let (now, wallSeconds) = (loop.nowMilliseconds, loop.wallSeconds)
        responses.changeEntries { resource, entry in
            next.keeping.entryBuilder.taking(
                entry, of: resource, from: before.keeping.entryBuilder, now: now, wallSeconds: wallSeconds)
        }
        responses.windows = next.keeping.windows
        responses.limit(to: next.keeping.bytes)
    }
}
