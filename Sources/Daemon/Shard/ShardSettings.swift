import Caching
import Digest
import EventLoop
import Fetching
import HTTPClient
import HTTPCore
import HTTPParsing
import Serving
import Settings

/// The settings of a shard, in the units that it works in.
package struct ShardSettings: Sendable {
    /// Where fetches go.
    struct Source: Sendable {
        let url: String
        let client: UpstreamSettings
        let isDemo: Bool
        /// Whether the catalogue is fetched before the first request for it.
        let warmsUp: Bool
    }

    /// What a loop keeps.
    struct Keeping: Sendable {
        /// The memory of one loop. Every loop has its own table; loops share the entries, but each loop counts them.
        let bytes: Int
        let windows: StaleWindows
        fileprivate(set) var entryBuilder: EntryBuilder
    }

    /// The host names that requests may have.
    struct HostRules: Sendable, Equatable {
        let listen: HostRule
        /// For connections on `admin.listen`.
        let admin: HostRule
        /// For the paths of the operator, below `/_larder/`.
        let adminPaths: HostRule
    }

    let source: Source
    /// How long changes of the catalogue are kept, in seconds; nil if none are recorded.
    let historyKeep: Int64?
    private(set) var keeping: Keeping
    let map: UpstreamMap
    private(set) var responder: Responder
    let headLimits: HeadLimits
    /// The places of all shards together.
    private(set) var openConnections: OpenConnections
    /// How long a client may take.
    let timeLimits: ConnectionStateMachine.TimeLimits
    /// Whether there is an access log. A hit reads it here, which takes no reference to the log.
    let logsAccess: Bool
    let hosts: HostRules
    /// This process's name in `Via`.
    private(set) var hop = ViaHop(number: .random(in: 0 ... .max))
    let allowsAnyOrigin: Bool
    let zeroCopy: ZeroCopy
    /// Distinguishes keys without storing them; the same for all shards.
    let fingerprinter: Fingerprinter

    init(
        _ settings: Settings, isDemo: Bool, addresses: [SocketAddress], adminAddresses: [SocketAddress] = [],
        fingerprinter: Fingerprinter
    ) {
        self.fingerprinter = fingerprinter
        map = UpstreamMap(baseURL: settings.upstream.url)
        var upstream = UpstreamSettings(userAgent: "larder/\(version)")
        upstream.connectTimeout = Int(settings.upstream.connectTimeout.milliseconds)
        upstream.timeout = Int(settings.upstream.timeout.milliseconds)
        upstream.idleTimeout = Int(settings.upstream.idleTimeout.milliseconds)
        upstream.caFile = settings.upstream.caFile
        upstream.proxy = settings.upstream.proxy
        upstream.maximumBody = Self.maximumBody(cacheBytes: settings.cache.maxBytes)
        source = Source(
            url: settings.upstream.url, client: upstream, isDemo: isDemo, warmsUp: settings.upstream.warmUp)
        keeping = Keeping(
            bytes: settings.cache.maxBytes / settings.workers, windows: settings.staleWindows,
            entryBuilder: EntryBuilder(
                lifetimes: Lifetimes(
                    catalog: settings.ttl.catalog.milliseconds, user: settings.ttl.user.milliseconds,
                    model: settings.ttl.model.milliseconds, opaque: settings.ttl.opaque.milliseconds,
                    data: settings.ttl.data.milliseconds, negative: settings.ttl.negative.milliseconds,
                    respectsUpstream: settings.ttl.respectUpstream),
                sharing: settings.cache.share))
        historyKeep = settings.history.enabled ? settings.history.keep.components.seconds : nil
        responder = Responder(
            upstreamParameters: Set(settings.filters.upstream),
            views: ViewTable(settings.views.compiled, since: Loop.wallSeconds))
        headLimits = HeadLimits(
            targetBytes: settings.server.maxTargetBytes, fields: settings.server.maxHeaders,
            headBytes: settings.server.maxHeaderBytes)
        openConnections = OpenConnections(limit: settings.server.maxConnections, loops: settings.workers)
        timeLimits = ConnectionStateMachine.TimeLimits(
            header: settings.server.headerTimeout.milliseconds, body: settings.server.bodyTimeout.milliseconds,
            idle: settings.server.idleTimeout.milliseconds)
        logsAccess = SharedTelemetry.accessFormat(settings.log) != nil
        hosts = HostRules(
            listen: HostRule(settings, settings.listen, addresses: addresses),
            admin: HostRule(settings, settings.admin.listen, addresses: adminAddresses),
            adminPaths: HostRule(adminNamesOf: settings))
        zeroCopy = settings.server.zeroCopy
        allowsAnyOrigin = settings.server.cors
    }

    /// The settings of the same process after a change: shared objects and random values from the start stay the same.
    func taking(
        _ settings: Settings, addresses: [SocketAddress], adminAddresses: [SocketAddress]
    ) -> ShardSettings {
        var next = ShardSettings(
            settings, isDemo: source.isDemo, addresses: addresses, adminAddresses: adminAddresses,
            fingerprinter: fingerprinter)
        next.openConnections = openConnections
        next.hop = hop
        // The same views came into effect when they first did.
        if next.responder.views.views == responder.views.views {
            next.responder = Responder(
                upstreamParameters: next.responder.upstreamParameters, views: responder.views)
        }
        next.keeping.entryBuilder = next.keeping.entryBuilder.sharingRows(with: keeping.entryBuilder)
        return next
    }

    /// The largest body of a fetch, coded or decoded, in bytes. Reading a body takes several times its size, so a small
    /// cache has a lower limit. The real catalogue has less than a megabyte.
    static func maximumBody(cacheBytes: Int) -> Int { min(32 << 20, max(4 << 20, cacheBytes / 8)) }
}

extension HostRule {
    /// The names in the settings; without any, this machine's names if every listener is reachable from this machine
    /// only.
    fileprivate init(_ settings: Settings, _ listen: [ListenAddress], addresses: [SocketAddress]) {
        let names = settings.server.allowedHosts
        if names == ["*"] || names.isEmpty && !addresses.allSatisfy({ $0.isLoopback || $0.isUnix }) {
            self = .any
        } else if names.isEmpty {
            let listening = listen.compactMap(\.hostName)
            self.init(allowing: Self.thisMachine + listening.filter { !Self.thisMachine.contains($0) })
        } else {
            self.init(allowing: names)
        }
    }

    /// IP addresses, this machine's names, and the names in the settings.
    fileprivate init(adminNamesOf settings: Settings) {
        let named = settings.server.allowedHosts + (settings.listen + settings.admin.listen).compactMap(\.hostName)
        self.init(allowing: ["localhost"] + machineNames() + named.filter { $0 != "*" }, allowsAddresses: true)
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

extension Settings {
    /// In the units that the cache works in.
    var staleWindows: StaleWindows {
        StaleWindows(
            whileRevalidate: stale.whileRevalidate.milliseconds, ifError: stale.ifError.milliseconds,
            noCache: ttl.noCache.milliseconds)
    }
}
