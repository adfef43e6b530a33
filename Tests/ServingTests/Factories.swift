import Bytes
import Caching
import Catalog
import HTTPCore

@testable import Serving

extension Owner {
    static let alice = Owner(high: 0xA11C_E000_0000, low: 1)
    static let bob = Owner(high: 0xB0B0_0000_0000, low: 2)
}

extension Entry {
    /// A stored response, shared and fresh for five minutes from time 0 on, with what the test is about set.
    static func make(
        _ content: Content = .body(SharedBytes(utf8: "{}")), storedAt: UInt64 = 0, lifetime: UInt64 = 300_000,
        isShared: Bool = true, status: Status = .ok, contentType: String = "application/json", identity: UInt64 = 0xA1,
        lastModified: Int64 = 784_111_777
    ) -> Entry {
        Entry(
            content: content, freshness: Freshness(storedAt: storedAt, lifetime: lifetime),
            maxAge: Int(lifetime / 1000), isShared: isShared, status: status, contentType: Array(contentType.utf8),
            identity: identity, lastModified: lastModified)
    }

    /// A body of so many bytes.
    static func make(size: Int, storedAt: UInt64 = 0, lifetime: UInt64 = 300_000, isShared: Bool = true) -> Entry {
        make(
            .body(SharedBytes([UInt8](repeating: 0x20, count: size))), storedAt: storedAt, lifetime: lifetime,
            isShared: isShared)
    }

    /// Upstream's refusal, one key's own.
    static func refusal(_ status: Status, body: String = "{\"error\":1}", storedAt: UInt64 = 0) -> Entry {
        make(
            .refusal(status, SharedBytes(utf8: body)), storedAt: storedAt, lifetime: 5_000, isShared: false,
            status: status)
    }

    /// The rows of some models.
    static func rows(
        _ models: [ModelFields], prepared: PreparedList? = nil, storedAt: UInt64 = 0, lifetime: UInt64 = 300_000,
        isShared: Bool = true
    ) -> Entry {
        let snapshot = Snapshot.make(models)
        return make(
            .rows(snapshot, prepared), storedAt: storedAt, lifetime: lifetime, isShared: isShared,
            identity: snapshot.identity)
    }
}

extension ModelFields {
    /// A model that makes text.
    static func make(_ id: String, created: Int64? = nil, context: Int64? = nil) -> ModelFields {
        var model = ModelFields(id: id)
        model.created = created
        model.contextLength = context.map { Int128($0) }
        model.outputModalities = ["text"]
        return model
    }
}

extension Snapshot {
    /// A snapshot of those models; the row of each is `{"id":"..."}`.
    static func make(_ models: [ModelFields]) -> Snapshot {
        var builder = SnapshotBuilder()
        for model in models {
            let row = Array("{\"id\":\"\(model.id)\"}".utf8)
            builder.append(model, row: row.span)
        }
        return builder.finish()
    }
}

extension RequestSummary {
    /// A GET of a target as its connection would have read it.
    static func make(
        _ target: String, isHead: Bool = false, coding: ContentCoding = .identity, directive: CacheDirective = .any,
        owner: Owner = .nobody
    ) -> RequestSummary {
        let bytes = Array(target.utf8)
        guard let parts = Target(bytes.span) else { preconditionFailure("no target: \(target)") }
        return RequestSummary(
            isHead: isHead, target: bytes, parts: parts, route: Route(path: bytes.span.extracting(parts.path)),
            coding: coding, directive: directive, owner: owner, precondition: nil)
    }
}

extension Answer {
    /// An answer made from an entry, with what the test is about set.
    static func make(
        from entry: Entry, owner: Owner = .nobody, body: String = "{}", coding: ContentCoding = .identity,
        selection: UInt64 = 0, validUntil: Int64? = nil, target: String = "/models", preferred: ContentCoding? = nil
    ) -> Answer {
        make(
            from: entry, owner: owner, body: SharedBytes(utf8: body), coding: coding,
            lastModified: entry.lastModified, selection: selection, validUntil: validUntil, target: Array(target.utf8),
            preferred: preferred ?? coding)
    }
}

extension ResponseCache {
    /// The answer to a target for one owner, or among those for everyone.
    mutating func find(
        _ target: String, coding: ContentCoding = .identity, owner: Owner? = nil, wallSeconds: Int64 = 0
    ) -> Answer? {
        let bytes = Array(target.utf8)
        return answer(to: bytes.span, coding: coding, owner: owner, wallSeconds: wallSeconds)
    }
}

/// Bytes as text, which an expectation can take where it cannot take a span.
func text(_ bytes: SharedBytes) -> String { bytes.span.text() }

func text(_ slice: ByteSlice) -> String { slice.span.text() }

/// Random numbers that are the same on every run: a multiplicative generator, its high half.
struct Dice {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 2 &+ 1 }

    mutating func roll(_ sides: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(sides))
    }
}
