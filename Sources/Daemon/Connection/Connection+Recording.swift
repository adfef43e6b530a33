import Bytes
import Caching
import Catalog
import EventLoop
import HTTPCore
import HTTPParsing
import Metrics
import Serving

/// Metrics and the access log for each answered request.
extension Connection {
    /// Notes the route of a request that no prepared answer serves, and its identifier.
    func noteLabel(_ route: Route, _ path: Span<UInt8>, _ head: Span<UInt8>) {
        var label = AccessLabel(route, path, shard.telemetry.accessFormat)
        label.view = viewName(shard.settings.responder.views.index(of: path))
        request.label = label
        request.details.id = requestID(head)
    }

    /// Notes the identifier of a request that a stale answer serves.
    func noteLabel(of answer: Answer, _ head: Span<UInt8>) {
        request.label = label(of: answer)
        request.details.id = requestID(head)
    }

    private func label(of answer: Answer) -> AccessLabel {
        var label = answer.label(shard.telemetry.accessFormat)
        label.view = viewName(answer.view)
        return label
    }

    /// The name of a view of the current settings. An answer is of these: changed views remove all answers.
    private func viewName(_ index: Int?) -> String? {
        let views = shard.settings.responder.views.views
        return index.flatMap { $0 < views.count ? views[$0].name : nil }
    }

    /// The identifier of a request: the caller's if it is safe to log, else a new one.
    private func requestID(_ head: Span<UInt8>) -> RequestID {
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            guard line.name.count == 12, head.extracting(line.name).equalsIgnoringCase("x-request-id") else { continue }
            if let id = RequestID(callers: head.extracting(line.value)) { return id }
        }
        return shard.telemetry.nextRequestID()
    }

    /// An answer from the cache was handed to the socket, with its body if the whole body was sent. `status` is nil for
    /// a hit.
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
        let nanoseconds = loop.nowNanoseconds &- request.began
        shard.telemetry.record(
            answer.kind(), .hit, status: answer.status.rawValue, bytes: answer.body.count, nanoseconds: nanoseconds)
        if let view = answer.view { shard.telemetry.record(view: view, .hit) }
        guard shard.settings.logsAccess, let accessLog = shard.telemetry.accessLog else { return }
        let age = answer.source.freshness.age(at: loop.nowMilliseconds)
        accessLog.record(
            hit: answer, key: request.key, age: age, nanoseconds: nanoseconds, wallSeconds: loop.wallSeconds)
    }

    private func recordOther(_ answer: Answer, _ status: CacheStatus?, hasCurrent: Bool, age: Int) {
        if request.label == nil { request.label = label(of: answer) }
        let isCurrent = hasCurrent && answer.notModifiedHead != nil
        let isEmpty = isCurrent || request.method == .head
        record(
            status.map { RequestDecision($0) } ?? .hit,
            status: isCurrent ? Status.notModified.rawValue : answer.status.rawValue,
            bytes: isEmpty ? 0 : answer.body.count,
            age: age)
    }

    /// The answer was handed to the socket.
    func record(_ decision: RequestDecision, status: Int, bytes: Int, age: Int? = nil) {
        let nanoseconds = loop.nowNanoseconds &- request.began
        let telemetry = shard.telemetry
        telemetry.record(
            request.label?.route ?? .none, decision, status: status, bytes: bytes, nanoseconds: nanoseconds)
        if let view = request.label?.view { telemetry.record(view: view, decision) }
        guard let accessLog = telemetry.accessLog else { return }
        let label = request.label ?? AccessLabel(route: .none)
        accessLog.record(
            AccessRecord(
                method: request.method, label: label, status: status, decision: decision, age: age, bytes: bytes,
                nanoseconds: nanoseconds, key: request.key, client: stream.peerText, id: request.details.id),
            wallSeconds: loop.wallSeconds)
    }

    /// The client has closed the connection before the answer to its request was complete.
    func recordAborted(_ passing: PassThrough?) {
        record(.aborted, status: passing?.sentStatus ?? Self.clientLeft, bytes: passing?.sentBytes ?? 0)
    }

    /// The status recorded for an answer that never began; other servers use the same number.
    private static let clientLeft = 499
}

extension RequestDecision {
    /// The short form of a `Cache-Status`.
    init(_ status: CacheStatus) {
        switch status {
        case .hit(let ttl, _): self = ttl < 0 ? .stale : .hit
        case .bypassed(_, let detail): self = detail == nil ? .passed : .failed
        case .none(.badRequest), .none(.onlyIfCached), .none(.view): self = .refused
        case .none: self = .failed
        case .forwarded(let forward) where forward.ttl != nil: self = .stale
        case .forwarded(let forward) where forward.detail != nil && forward.detail != .fleet: self = .failed
        case .forwarded(let forward):
            switch forward.reason {
            case .miss: self = .miss
            case .stale: self = .expired
            case .request: self = .demanded
            }
        }
    }
}
