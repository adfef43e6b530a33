import Caching
import Digest
import EventLoop
import HTTPParsing
import Serving
import Upstream

/// What a shard needs to know, in the units that it works in.
struct ShardSettings: Sendable {
    let shardCount: Int
    let upstreamURL: String
    let map: UpstreamMap
    let upstream: UpstreamSettings
    let isDemo: Bool
    let warmsUp: Bool
    var entryBuilder: EntryBuilder
    let responder: Responder
    let cacheBytes: Int
    let windows: StaleWindows
    let headLimits: HeadLimits
    /// Those of all shards together.
    var openConnections: OpenConnections
    let headerTimeout: UInt64
    let bodyTimeout: UInt64
    let idleTimeout: UInt64
    let hosts: HostRule
    let allowsAnyOrigin: Bool
    /// Tells keys apart without keeping them; the same for all shards.
    let fingerprinter: Fingerprinter

    init(_ settings: Settings, isDemo: Bool, addresses: [SocketAddress], fingerprinter: Fingerprinter) {
        self.fingerprinter = fingerprinter
        self.isDemo = isDemo
        shardCount = settings.workers
        upstreamURL = settings.upstream.url
        map = UpstreamMap(baseURL: settings.upstream.url)
        var upstream = UpstreamSettings(userAgent: "larder/\(version)")
        upstream.connectTimeout = Int(settings.upstream.connectTimeout.milliseconds)
        upstream.timeout = Int(settings.upstream.timeout.milliseconds)
        upstream.idleTimeout = Int(settings.upstream.idleTimeout.milliseconds)
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
        windows = settings.stale.windows
        cacheBytes = settings.cache.maxBytes / settings.workers
        headLimits = HeadLimits(
            targetBytes: settings.server.maxTargetBytes, fields: settings.server.maxHeaders,
            headBytes: settings.server.maxHeaderBytes)
        openConnections = OpenConnections(most: settings.server.maxConnections)
        headerTimeout = settings.server.headerTimeout.milliseconds
        bodyTimeout = settings.server.bodyTimeout.milliseconds
        idleTimeout = settings.server.idleTimeout.milliseconds
        hosts = HostRule(settings, addresses: addresses)
        allowsAnyOrigin = settings.server.cors
    }
}

extension Duration {
    /// Whole milliseconds, rounded down, never negative.
    var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        return seconds < 0 ? 0 : UInt64(seconds) * 1000 + UInt64(max(0, attoseconds) / 1_000_000_000_000_000)
    }
}

extension HostRule {
    /// The names of the settings; without any, those of this machine if every listener can be reached from it alone.
    fileprivate init(_ settings: Settings, addresses: [SocketAddress]) {
        let names = settings.server.allowedHosts
        if names == ["*"] || names.isEmpty && !addresses.allSatisfy({ $0.isLoopback || $0.isUnix }) {
            self = .any
        } else if names.isEmpty {
            let listening = settings.listen.compactMap(\.hostName)
            self.init(allowing: Self.thisMachine + listening.filter { !Self.thisMachine.contains($0) })
        } else {
            self.init(allowing: names)
        }
    }

    private static let thisMachine = ["127.0.0.1", "localhost", "[::1]"]
}

extension ListenAddress {
    /// The host as a client writes it; nil for a path.
    fileprivate var hostName: String? {
        guard case .tcp(let host, _) = self else { return nil }
        return host.contains(":") ? "[\(host)]" : host
    }
}

extension Settings.Stale {
    /// In the units that the cache works in.
    var windows: StaleWindows {
        StaleWindows(whileRevalidate: whileRevalidate.milliseconds, ifError: ifError.milliseconds)
    }
}
