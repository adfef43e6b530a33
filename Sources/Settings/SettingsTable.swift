/// Every setting there is, in the order in which they are shown.
package enum SettingsTable {
    /// What the names of all environment variables begin with.
    static let environmentPrefix = "LARDER_"

    /// A name as it is part of an environment variable's: in capitals, with an underscore for each dot and hyphen.
    static func environmentWord(_ name: String) -> String {
        String(name.uppercased().map { $0 == "." || $0 == "-" ? "_" : $0 })
    }

    /// The settings that some values have: those of the table, and those of their views.
    package static func definitions(for values: Settings...) -> [SettingDefinition] {
        all + Set(values.flatMap(\.views.names)).sorted().flatMap { ViewSettings.definitions(of: $0) }
    }

    package static let all: [SettingDefinition] =
        process + upstream + ttl + stale + [
            SettingDefinition(
                "cache.share", \.cache.share, .choice,
                "Whether callers with different keys share a copy: auto (if upstream marks it public), never, always."),
            SettingDefinition(
                "cache.max_bytes", \.cache.maxBytes, .size(1 << 20...1 << 40),
                "Memory for copies, answers and fetches in flight; the least recently used are evicted first."),
            SettingDefinition(
                "state.enabled", \.state.enabled, .boolean, needsRestart: true,
                "Whether the last good copies are stored on disk, so that Larder can serve them after a restart."),
            SettingDefinition(
                "state.dir", \.state.directory, .optional(.directory), needsRestart: true,
                "Directory of the copies; if empty, STATE_DIRECTORY, $XDG_STATE_HOME/larder or ~/.local/state/larder."),
            SettingDefinition(
                "history.enabled", \.history.enabled, .boolean,
                "Whether changes of the catalogue are recorded in the state directory."),
            SettingDefinition(
                "history.keep", \.history.keep, .duration(recording), "How long changes of the catalogue are kept."),
            SettingDefinition(
                "filters.upstream", \.filters.upstream, .filterNames,
                "Query parameters that upstream applies instead of Larder; rows then have upstream's prices for them."),
        ] + fleet + server + admin + log

    private static let process = [
        SettingDefinition(
            "listen", \.listen, .addresses, needsRestart: true,
            "Where to accept connections: HOST:PORT, [IPV6]:PORT, unix:PATH or a list; localhost is 127.0.0.1 and [::1]."
        ),
        SettingDefinition(
            "workers", \.workers, .workers, standard: "\"auto\"", needsRestart: true,
            "The number of event loops; auto is one per core."),
    ]

    private static let upstream = [
        SettingDefinition(
            "upstream.url", \.upstream.url, .baseURL, needsRestart: true,
            "Base URL of upstream; a regional host returns that region's models."),
        SettingDefinition(
            "upstream.timeout", \.upstream.timeout, .duration(waiting),
            "Maximum duration of a fetch for the cache; requests that are passed through have no such limit."),
        SettingDefinition(
            "upstream.connect_timeout", \.upstream.connectTimeout, .duration(waiting),
            "Maximum time to connect to upstream, including the TLS handshake."),
        SettingDefinition(
            "upstream.idle_timeout", \.upstream.idleTimeout, .duration(waiting),
            "Maximum time without data in either direction while a request is passed through."),
        SettingDefinition(
            "upstream.ca_file", \.upstream.caFile, .optional(.readableFile),
            "PEM file of certificates to trust in addition to the system's."),
        SettingDefinition(
            "upstream.proxy", \.upstream.proxy, .optional(.proxyURL),
            "Proxy URL; if empty, HTTPS_PROXY, http_proxy, ALL_PROXY and NO_PROXY apply."),
        SettingDefinition(
            "upstream.warm_up", \.upstream.warmUp, .boolean, needsRestart: true,
            "Whether to fetch the catalogue at startup, without a key, and every 5 s again until there is one."),
    ]

    private static let ttl = [
        SettingDefinition(
            "ttl.catalog", \.ttl.catalog, .duration(keeping), "How long the catalogue is fresh; 0s means never."),
        SettingDefinition("ttl.user", \.ttl.user, .duration(keeping), "How long a key's own list is fresh."),
        SettingDefinition(
            "ttl.opaque", \.ttl.opaque, .duration(keeping),
            "How long a facet, or a body stored as upstream sent it, is fresh."),
        SettingDefinition(
            "ttl.data", \.ttl.data, .duration(keeping),
            "How long benchmarks, datasets, tools and task classifications are fresh."),
        SettingDefinition(
            "ttl.model", \.ttl.model, .duration(keeping), "How long a model that is not in the catalogue is fresh."),
        SettingDefinition(
            "ttl.negative", \.ttl.negative, .duration(keeping), "How long a 404 or 400 from upstream is remembered."),
        SettingDefinition(
            "ttl.no_cache", \.ttl.noCache, .duration(keeping),
            "Maximum age of a fresh copy that answers a request with no-cache; 0s always fetches."),
        SettingDefinition(
            "ttl.respect_upstream", \.ttl.respectUpstream, .boolean,
            "Whether upstream's max-age, if present, replaces these times."),
    ]

    private static let stale = [
        SettingDefinition(
            "stale.while_revalidate", \.stale.whileRevalidate, .duration(keeping),
            "How long a stale copy is served at once while a new one is fetched (not one key's own); 0s means never."),
        SettingDefinition(
            "stale.if_error", \.stale.ifError, .duration(keeping),
            "How long a stale copy is served while upstream fails; 0s means never."),
    ]

    private static let server = [
        SettingDefinition(
            "server.allowed_hosts", \.server.allowedHosts, .hostNames,
            "Names accepted in Host; \"*\" is any. If empty: this machine's names if only it can connect, else any."
        ),
        SettingDefinition(
            "server.cors", \.server.cors, .boolean,
            "Whether web pages of other origins may read the responses (CORS), as upstream allows."),
        SettingDefinition(
            "server.header_timeout", \.server.headerTimeout, .duration(waiting),
            "Maximum time for a request's head to arrive."),
        SettingDefinition(
            "server.body_timeout", \.server.bodyTimeout, .duration(waiting),
            "Maximum pause while a request's body arrives."),
        SettingDefinition(
            "server.idle_timeout", \.server.idleTimeout, .duration(waiting),
            "How long an idle connection stays open for its next request."),
        SettingDefinition(
            "server.max_connections", \.server.maxConnections, .integer(1...1_000_000),
            "Maximum number of connections; beyond it, idle ones are closed for new ones, or new ones wait."),
        SettingDefinition(
            "server.max_header_bytes", \.server.maxHeaderBytes, .size(256...16 << 20),
            "Maximum size of a request's head."),
        SettingDefinition(
            "server.max_headers", \.server.maxHeaders, .integer(1...10_000), "Maximum number of fields in a request."),
        SettingDefinition(
            "server.max_target_bytes", \.server.maxTargetBytes, .size(64...1 << 20),
            "Maximum length of a request's target (path and query)."),
        SettingDefinition(
            "server.zero_copy", \.server.zeroCopy, .choice,
            "Whether long answers are sent without copying them: auto (if that is measured to be cheaper), on, off."),
        SettingDefinition(
            "server.shutdown_delay", \.server.shutdownDelay, .duration(.zero ... .seconds(3600)),
            "How long to go on serving after SIGTERM, with 503 from /readyz, before draining."),
        SettingDefinition(
            "server.drain_timeout", \.server.drainTimeout, .duration(.zero ... .seconds(3600)),
            "How long requests in flight may continue after SIGTERM or an upgrade."),
        SettingDefinition(
            "server.upgrade_timeout", \.server.upgradeTimeout, .duration(.seconds(1) ... .seconds(3600)),
            "How long a new process may take until it serves, before the old one gives up the upgrade."),
    ]

    private static let admin = [
        SettingDefinition(
            "admin.listen", \.admin.listen, .addressesOrNone, needsRestart: true,
            "Where /_larder/ and /metrics are answered, and then only there; same forms as listen. "
                + "If empty: on all addresses of listen.")
    ]

    private static let log = [
        SettingDefinition(
            "log.level", \.log.level, .choice,
            "Minimum log level: trace, debug, info, notice, warning, error or critical."),
        SettingDefinition(
            "log.format", \.log.format, .choice, needsRestart: true,
            "text, json or auto (text on a terminal, otherwise json)."),
        SettingDefinition(
            "log.access", \.log.access, .boolean, "Whether each request is logged, at level info."),
    ]

    static let waiting: ClosedRange<Duration> = .milliseconds(1) ... .seconds(86_400)
    private static let recording: ClosedRange<Duration> = .seconds(3600) ... .seconds(3650 * 86_400)
    private static let keeping: ClosedRange<Duration> = .zero ... .seconds(365 * 86_400)
}

extension SettingsTable {
    /// The settings of a fleet.
    package static let fleet = [
        SettingDefinition(
            "fleet.url", \.fleet.url, .optional(.engineURL), needsRestart: true,
            "Engine that speaks the Redis protocol, through which several Larders share copies; if empty, none."),
        SettingDefinition(
            "fleet.username", \.fleet.username, .optional(.userName), needsRestart: true, "User of the engine's ACL."),
        SettingDefinition(
            "fleet.password_file", \.fleet.passwordFile, .optional(.readableFile), needsRestart: true,
            "File with the engine's password."),
        SettingDefinition(
            "fleet.secret_file", \.fleet.secretFile, .optional(.readableFile), needsRestart: true,
            "File with 32 bytes or more that are the same on all replicas and that the engine does not know."),
        SettingDefinition(
            "fleet.ca_file", \.fleet.caFile, .optional(.readableFile), needsRestart: true,
            "PEM file of certificates to trust for the engine in addition to the system's."),
        SettingDefinition(
            "fleet.namespace", \.fleet.namespace, .keyPrefix, needsRestart: true,
            "Prefix that distinguishes this fleet's keys from those of others on the same engine."),
        SettingDefinition(
            "fleet.connect_timeout", \.fleet.connectTimeout, .duration(waiting), needsRestart: true,
            "Maximum time to connect to the engine, including the TLS handshake and Sentinel."),
        SettingDefinition(
            "fleet.timeout", \.fleet.timeout, .duration(waiting), needsRestart: true,
            "Maximum time that a request waits for the engine in total."),
        SettingDefinition(
            "fleet.required", \.fleet.required, .boolean, needsRestart: true,
            "Whether Larder ends at startup if the engine cannot be used."),
        SettingDefinition(
            "fleet.max_value_bytes", \.fleet.maxValueBytes, .size(1 << 10...256 << 20), needsRestart: true,
            "Size of the largest copy that is shared."),
    ]
}
