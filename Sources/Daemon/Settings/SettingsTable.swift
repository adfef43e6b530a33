/// Every setting there is, in the order in which they are shown.
enum SettingsTable {
    /// What the names of all environment variables begin with.
    static let environmentPrefix = "LARDER_"

    static let all: [SettingDefinition] =
        process + upstream + ttl + stale + [
            SettingDefinition(
                "cache.share", \.cache.share, .choice,
                "Whether callers with different keys share a copy: auto (if upstream calls it public), never, always."),
            SettingDefinition(
                "cache.max_bytes", \.cache.maxBytes, .size(1 << 20...1 << 40),
                "The memory for answers; the least recently used go first."),
            SettingDefinition(
                "state.enabled", \.state.enabled, .boolean, needsRestart: true,
                "Whether the last good copies are kept on disk, so that a new process can serve them at once."),
            SettingDefinition(
                "state.dir", \.state.directory, .optional(.directory), needsRestart: true,
                "Their directory; when empty, STATE_DIRECTORY, $XDG_STATE_HOME/larder or ~/.local/state/larder."),
            SettingDefinition(
                "filters.upstream", \.filters.upstream, .filterNames,
                "Query parameters to be left to upstream, which shows the rows that pass as it priced them."),
        ] + server + log

    private static let process = [
        SettingDefinition(
            "listen", \.listen, .addresses, needsRestart: true,
            "Where to accept connections: HOST:PORT, [IPV6]:PORT, unix:PATH, or a list of them."),
        SettingDefinition(
            "workers", \.workers, .workers, standard: "\"auto\"", needsRestart: true,
            "The number of event loops; auto is one a core."),
    ]

    private static let upstream = [
        SettingDefinition(
            "upstream.url", \.upstream.url, .baseURL, needsRestart: true,
            "The base URL; a regional host gives that region's models."),
        SettingDefinition(
            "upstream.timeout", \.upstream.timeout, .duration(waiting),
            "The longest that a fetch for the cache may take; what is passed through has no such limit."),
        SettingDefinition(
            "upstream.connect_timeout", \.upstream.connectTimeout, .duration(waiting),
            "The longest that a connection may take to stand, TLS included."),
        SettingDefinition(
            "upstream.idle_timeout", \.upstream.idleTimeout, .duration(waiting),
            "The longest that nothing at all may come or go while a request is passed through."),
        SettingDefinition(
            "upstream.ca_file", \.upstream.caFile, .optional(.readableFile),
            "A file of certificates to trust beside the system's."),
        SettingDefinition(
            "upstream.proxy", \.upstream.proxy, .optional(.proxyURL),
            "A proxy's URL; when empty, HTTPS_PROXY, http_proxy, ALL_PROXY and NO_PROXY rule."),
        SettingDefinition(
            "upstream.warm_up", \.upstream.warmUp, .boolean, needsRestart: true,
            "Whether the catalogue is fetched at start-up, without a key, so that the first caller need not wait."),
    ]

    private static let ttl = [
        SettingDefinition(
            "ttl.catalog", \.ttl.catalog, .duration(keeping), "How long the catalogue is fresh; 0s is never."),
        SettingDefinition("ttl.user", \.ttl.user, .duration(keeping), "How long a caller's own list is fresh."),
        SettingDefinition(
            "ttl.opaque", \.ttl.opaque, .duration(keeping), "How long a body that is not looked into is fresh."),
        SettingDefinition(
            "ttl.model", \.ttl.model, .duration(keeping), "How long a model that the catalogue lacks is fresh."),
        SettingDefinition(
            "ttl.negative", \.ttl.negative, .duration(keeping), "How long upstream's 404 or 400 is remembered."),
        SettingDefinition(
            "ttl.respect_upstream", \.ttl.respectUpstream, .boolean,
            "Whether upstream's max-age, where it gives one, counts instead of these times."),
    ]

    private static let stale = [
        SettingDefinition(
            "stale.while_revalidate", \.stale.whileRevalidate, .duration(keeping),
            "How long past its freshness a copy is served at once, while a new one is fetched; 0s is never."),
        SettingDefinition(
            "stale.if_error", \.stale.ifError, .duration(keeping),
            "How long past its freshness a copy is served while upstream fails; 0s is never."),
    ]

    private static let server = [
        SettingDefinition(
            "server.allowed_hosts", \.server.allowedHosts, .hostNames,
            "Names accepted in Host; none: this machine's where only this machine can connect, else any, which is \"*\"."
        ),
        SettingDefinition(
            "server.cors", \.server.cors, .boolean,
            "Whether web pages of other origins may read what upstream lets them read."),
        SettingDefinition(
            "server.header_timeout", \.server.headerTimeout, .duration(waiting),
            "The longest that the head of a request may take to arrive."),
        SettingDefinition(
            "server.body_timeout", \.server.bodyTimeout, .duration(waiting),
            "The longest pause within the body of a request."),
        SettingDefinition(
            "server.idle_timeout", \.server.idleTimeout, .duration(waiting),
            "How long a connection is kept for its next request."),
        SettingDefinition(
            "server.max_connections", \.server.maxConnections, .integer(1...1_000_000),
            "Connections served at once; the newest waits."),
        SettingDefinition(
            "server.max_header_bytes", \.server.maxHeaderBytes, .size(256...16 << 20),
            "The largest head of a request."),
        SettingDefinition(
            "server.max_headers", \.server.maxHeaders, .integer(1...10_000), "The most fields in a request's head."),
        SettingDefinition(
            "server.max_target_bytes", \.server.maxTargetBytes, .size(64...1 << 20),
            "The longest target (path and query) of a request."),
        SettingDefinition(
            "server.drain_timeout", \.server.drainTimeout, .duration(.zero ... .seconds(3600)),
            "How long requests in flight may go on after SIGTERM."),
    ]

    private static let log = [
        SettingDefinition(
            "log.level", \.log.level, .choice,
            "The least level that is written: trace, debug, info, notice, warning, error, critical."),
        SettingDefinition(
            "log.format", \.log.format, .choice, needsRestart: true,
            "text, json, or auto: text on a terminal and else json."),
        SettingDefinition(
            "log.access", \.log.access, .boolean, "Whether each request has a line, at the level info."),
    ]

    private static let waiting: ClosedRange<Duration> = .milliseconds(1) ... .seconds(86_400)
    private static let keeping: ClosedRange<Duration> = .zero ... .seconds(365 * 86_400)
}
