import Caching
import Digest
import HTTPParsing
import Serving
import Upstream

/// What a shard needs to know, in the units that it works in.
struct ShardSettings: Sendable {
    let shardCount: Int
    let upstreamURL: String
    let upstream: UpstreamSettings
    let isDemo: Bool
    let warmsUp: Bool
    let entryBuilder: EntryBuilder
    let responder: Responder
    let cacheBytes: Int
    let headLimits: HeadLimits
    let maximumConnections: Int
    let headerTimeout: UInt64
    let bodyTimeout: UInt64
    let idleTimeout: UInt64
    /// Tells keys apart without keeping them; the same for all shards.
    let fingerprinter: Fingerprinter

    init(_ settings: Settings, isDemo: Bool, fingerprinter: Fingerprinter) {
        self.fingerprinter = fingerprinter
        self.isDemo = isDemo
        shardCount = settings.workers
        upstreamURL = settings.upstream.url
        var upstream = UpstreamSettings(userAgent: "larder/\(version)")
        upstream.connectTimeout = Int(settings.upstream.connectTimeout.milliseconds)
        upstream.timeout = Int(settings.upstream.timeout.milliseconds)
        upstream.caFile = settings.upstream.caFile
        upstream.proxy = settings.upstream.proxy
        self.upstream = upstream
        warmsUp = settings.upstream.warmUp
        entryBuilder = EntryBuilder(
            lifetimes: Lifetimes(
                catalog: settings.ttl.catalog.milliseconds, user: settings.ttl.user.milliseconds,
                model: settings.ttl.model.milliseconds, opaque: settings.ttl.opaque.milliseconds,
                negative: settings.ttl.negative.milliseconds, respectsUpstream: settings.ttl.respectUpstream),
            sharing: settings.cache.share)
        responder = Responder(upstreamParameters: Set(settings.filters.upstream))
        // Every loop has a table of its own; entries are shared between them but counted by each.
        cacheBytes = settings.cache.maxBytes / settings.workers
        headLimits = HeadLimits(
            targetBytes: settings.server.maxTargetBytes, fields: settings.server.maxHeaders,
            headBytes: settings.server.maxHeaderBytes)
        maximumConnections = max(1, settings.server.maxConnections / settings.workers)
        headerTimeout = settings.server.headerTimeout.milliseconds
        bodyTimeout = settings.server.bodyTimeout.milliseconds
        idleTimeout = settings.server.idleTimeout.milliseconds
    }
}

extension Duration {
    /// Whole milliseconds, rounded down, never negative.
    var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        return seconds < 0 ? 0 : UInt64(seconds) * 1000 + UInt64(max(0, attoseconds) / 1_000_000_000_000_000)
    }
}
