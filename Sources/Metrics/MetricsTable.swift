/// A metric as defined for Prometheus and the documentation.
public struct MetricDefinition: Sendable {
    /// The types of the exposition format that are used here.
    public enum Kind: String, Sendable { case counter, gauge, histogram }

    /// Its name, with the base unit as suffix.
    public let name: String
    /// Its type.
    public let kind: Kind
    /// The names of its labels, besides `le`.
    public let labels: [String]
    /// Its help text, in one line.
    public let help: String

    init(_ name: String, _ kind: Kind, labels: [String] = [], _ help: String) {
        self.name = name
        self.kind = kind
        self.labels = labels
        self.help = help
    }
}

/// All metrics, in the order of `/metrics`.
public enum MetricsTable {
    /// All of them.
    public static let all = [
        buildInfo, startTime, requests, requestDuration, sentBytes, upstreamRequests, upstreamFailures,
        upstreamDuration,
        upstreamBytes, upstreamBackingOff, cacheEntries, cacheAnswers, cacheBytes, cacheMaximum, cacheEvictions,
        catalogAge, catalogModels, catalogFresh, viewRequests, viewModels, catalogChanges, historyLength,
        openConnections, connections, connectionLimit, connectionsWaiting, connectionsEvicted, connectionsRefused,
        loops, loopsReporting, loopLag,
        fleetUp, fleetReplicas, fleetCopies, fleetFetches, fleetWaits, fleetFailures, fleetPurges,
        stateHealthy, stateBytes, droppedLines, reloadSuccess, processCPU, processStart, processMemory, processVirtual,
        processDescriptors, processMaximumDescriptors,
    ]

    static let buildInfo = MetricDefinition(
        "larder_build_info", .gauge, labels: ["version"], "Always 1; the version of the running program.")
    static let startTime = MetricDefinition(
        "larder_start_time_seconds", .gauge, "When the process started serving, in Unix seconds.")
    static let requests = MetricDefinition(
        "larder_requests_total", .counter, labels: ["route", "decision", "status"], "Requests answered.")
    static let requestDuration = MetricDefinition(
        "larder_request_duration_seconds", .histogram, labels: ["decision"],
        "Time from the end of a request's head until its answer was written to the socket.")
    static let sentBytes = MetricDefinition(
        "larder_response_body_bytes_total", .counter, "Bytes of bodies sent to clients.")
    static let upstreamRequests = MetricDefinition(
        "larder_upstream_requests_total", .counter, labels: ["kind"], "Finished requests to upstream.")
    static let upstreamFailures = MetricDefinition(
        "larder_upstream_failures_total", .counter, labels: ["reason"],
        "Requests to upstream that failed or returned nothing usable.")
    static let upstreamDuration = MetricDefinition(
        "larder_upstream_duration_seconds", .histogram, "How long requests to upstream took, from start to end.")
    static let upstreamBytes = MetricDefinition(
        "larder_upstream_body_bytes_total", .counter, "Bytes of bodies received from upstream, after decompression.")
    static let upstreamBackingOff = MetricDefinition(
        "larder_upstream_backing_off", .gauge, "Resources that Larder does not fetch until a back-off ends.")
    static let cacheEntries = MetricDefinition(
        "larder_cache_entries", .gauge, "Stored responses; each loop counts the shared ones.")
    static let cacheAnswers = MetricDefinition(
        "larder_cache_answers", .gauge, "Prepared answers of all loops.")
    static let cacheBytes = MetricDefinition(
        "larder_cache_bytes", .gauge, "Bytes in the cache; each loop counts the shared ones.")
    static let cacheMaximum = MetricDefinition(
        "larder_cache_max_bytes", .gauge, "Maximum bytes in the cache: cache.max_bytes.")
    static let cacheEvictions = MetricDefinition(
        "larder_cache_evictions_total", .counter, "Stored responses and answers evicted because the cache was full.")
    static let catalogAge = MetricDefinition(
        "larder_catalog_age_seconds", .gauge, "Time since upstream sent the catalogue; absent without one.")
    static let catalogModels = MetricDefinition(
        "larder_catalog_models", .gauge, "Models in the catalogue; absent without one.")
    static let catalogFresh = MetricDefinition(
        "larder_catalog_fresh", .gauge, "1 if there is a catalogue and it is fresh, else 0.")
    static let viewRequests = MetricDefinition(
        "larder_view_requests_total", .counter, labels: ["view", "decision"], "Requests answered below a view.")
    static let viewModels = MetricDefinition(
        "larder_view_models", .gauge, labels: ["view"],
        "Models that a view leaves of the catalogue; absent without a catalogue.")
    static let catalogChanges = MetricDefinition(
        "larder_catalog_changes_total", .counter, labels: ["change"],
        "Changes of the catalogue that were recorded, by kind.")
    static let historyLength = MetricDefinition(
        "larder_history_seconds", .gauge, "How far back the history of the catalogue goes; absent without one.")
    static let openConnections = MetricDefinition("larder_connections", .gauge, "Open client connections.")
    static let connections = MetricDefinition(
        "larder_connections_accepted_total", .counter, "Accepted client connections.")
    static let connectionLimit = MetricDefinition(
        "larder_connections_max", .gauge, "Maximum number of connections: server.max_connections.")
    static let connectionsWaiting = MetricDefinition(
        "larder_connections_waiting", .gauge, "Requests that wait because all connections are in use.")
    static let connectionsEvicted = MetricDefinition(
        "larder_connections_evicted_total", .counter, "Idle connections closed to make room for new ones.")
    static let connectionsRefused = MetricDefinition(
        "larder_connections_refused_total", .counter,
        "Requests answered with 503 because all connections were in use.")
    static let loops = MetricDefinition("larder_loops", .gauge, "Event loops: the setting workers.")
    static let loopsReporting = MetricDefinition(
        "larder_loops_reporting", .gauge, "Event loops whose numbers are in this response; fewer if one was too busy.")
    static let loopLag = MetricDefinition(
        "larder_loop_lag_seconds", .histogram, "How late a loop ran its timer.")
    static let fleetUp = MetricDefinition(
        "larder_fleet_up", .gauge, "1 if the fleet's engine is in use, else 0; absent without a fleet, as all of these."
    )
    static let fleetReplicas = MetricDefinition(
        "larder_fleet_replicas", .gauge, "Replicas that got the last message of this one, itself included.")
    static let fleetCopies = MetricDefinition(
        "larder_fleet_copies_total", .counter, labels: ["direction"], "Copies taken from the fleet and given to it.")
    static let fleetFetches = MetricDefinition(
        "larder_fleet_fetches_total", .counter, labels: ["ground"], "Fetches under a lease of the fleet, and alone.")
    static let fleetWaits = MetricDefinition(
        "larder_fleet_waits_total", .counter, "Waits for another replica's fetch.")
    static let fleetFailures = MetricDefinition(
        "larder_fleet_failures_total", .counter, "How often the engine was lost or could not be reached.")
    static let fleetPurges = MetricDefinition(
        "larder_fleet_purges_total", .counter, "Purges that began at this replica.")
    static let stateHealthy = MetricDefinition(
        "larder_state_healthy", .gauge,
        "0 if the state directory cannot be used or written, else 1, also if the settings turn it off.")
    static let stateBytes = MetricDefinition("larder_state_bytes", .gauge, "The size of the state directory.")
    static let droppedLines = MetricDefinition(
        "larder_log_lines_dropped_total", .counter, "Log lines dropped because standard error was read too slowly.")
    static let reloadSuccess = MetricDefinition(
        "larder_reload_success", .gauge,
        "0 if the last reload of the settings was refused, else 1; 1 as well if there was none.")
    static let processCPU = MetricDefinition(
        "process_cpu_seconds_total", .counter, "User and system CPU time of the process.")
    static let processMemory = MetricDefinition(
        "process_resident_memory_bytes", .gauge, "Resident memory of the process.")
    static let processStart = MetricDefinition(
        "process_start_time_seconds", .gauge, "When the process was started, in Unix seconds.")
    static let processVirtual = MetricDefinition(
        "process_virtual_memory_bytes", .gauge, "Virtual memory of the process.")
    static let processDescriptors = MetricDefinition(
        "process_open_fds", .gauge, "Open file descriptors of the process.")
    static let processMaximumDescriptors = MetricDefinition(
        "process_max_fds", .gauge, "The most file descriptors that the process may have open.")
}
