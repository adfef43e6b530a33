import Bytes
import Caching
import EventLoop
import HTTPCore
import Serving

/// What is counted and logged of each request once it is answered.
extension Connection {
    /// What is remembered of the request in hand until then.
    struct Note {
        /// When its head was complete, in nanoseconds of the loop's clock.
        var began: UInt64 = 0
        var method = Method.get
        /// Its route and path; nil until they are read, and for a hit, which takes its answer's.
        var label: AccessLabel?
        /// Whose it is; nil until somebody wants to know, since it costs a digest.
        var owner: Owner?

        /// What the access log tells the key by; 0 for none.
        var key: UInt64 { owner?.high ?? 0 }
    }

    /// A request begins: its head is complete, or will never be.
    @inline(__always)
    func beginNote() {
        note.began = shard.loop.nowNanoseconds
        note.owner = nil
        if note.label != nil { note.label = nil }
    }

    /// Notes which route a request takes that no ready answer serves.
    func noteLabel(_ route: Route, _ path: Span<UInt8>) {
        note.label = AccessLabel(route, path, shard.observer.accessFormat)
    }

    /// An answer from the cache was handed to the socket, with its body if it went whole. `status` is nil for a hit.
    @inline(__always)
    func recordAnswer(_ answer: Answer, _ status: CacheStatus?, isWhole: Bool, hasCurrent: Bool, age: Int) {
        if isWhole, status == nil {
            recordHit(answer)
        } else {
            recordOther(answer, status, hasCurrent: hasCurrent, age: age)
        }
    }

    /// A hit was handed to the socket, with its body.
    @inline(__always)
    func recordHit(_ answer: Answer) {
        let nanoseconds = shard.loop.nowNanoseconds &- note.began
        shard.metrics.record(
            answer.kind(), .hit, status: answer.status.rawValue, bytes: answer.body.count, nanoseconds: nanoseconds)
        guard let accessLog = shard.accessLog else { return }
        let age = answer.source.freshness.age(at: shard.loop.nowMilliseconds)
        accessLog.record(
            hit: answer, key: note.key, age: age, nanoseconds: nanoseconds, wallSeconds: shard.loop.wallSeconds)
    }

    private func recordOther(_ answer: Answer, _ status: CacheStatus?, hasCurrent: Bool, age: Int) {
        if note.label == nil { note.label = answer.label(shard.observer.accessFormat) }
        let isCurrent = hasCurrent && answer.notModifiedHead != nil
        let isEmpty = isCurrent || note.method == .head
        record(
            status.map { RequestDecision($0) } ?? .hit,
            status: isCurrent ? Status.notModified.rawValue : answer.status.rawValue,
            bytes: isEmpty ? 0 : answer.body.count,
            age: age)
    }

    /// The answer was handed to the socket.
    func record(_ decision: RequestDecision, status: Int, bytes: Int, age: Int? = nil) {
        let label = note.label ?? AccessLabel(route: .none)
        let nanoseconds = shard.loop.nowNanoseconds &- note.began
        shard.metrics.record(label.route, decision, status: status, bytes: bytes, nanoseconds: nanoseconds)
        shard.accessLog?.record(
            AccessRecord(
                method: note.method, label: label, status: status, decision: decision, age: age, bytes: bytes,
                nanoseconds: nanoseconds, key: note.key), wallSeconds: shard.loop.wallSeconds)
    }

    /// The client is gone. What it waited for counts as well.
    func recordLeaving() {
        switch state {
        case .waiting, .gathering: record(.aborted, status: Self.clientLeft, bytes: 0)
        case .passing(let passing):
            record(.aborted, status: passing.sentStatus ?? Self.clientLeft, bytes: passing.sentBytes)
        case .reading, .flushing, .ending: break
        }
    }

    /// What stands for the status of an answer that never began, as other servers have it.
    private static let clientLeft = 499
}

extension RequestDecision {
    /// What `Cache-Status` says in more words.
    init(_ status: CacheStatus) {
        switch status {
        case .hit(let ttl, _): self = ttl < 0 ? .stale : .hit
        case .bypassed(_, let detail): self = detail == nil ? .passed : .failed
        case .none(.badRequest), .none(.onlyIfCached): self = .refused
        case .none: self = .failed
        case .forwarded(let forward) where forward.ttl != nil: self = .stale
        case .forwarded(let forward) where forward.detail != nil: self = .failed
        case .forwarded(let forward):
            switch forward.reason {
            case .miss: self = .miss
            case .stale: self = .expired
            case .request: self = .demanded
            }
        }
    }
}
