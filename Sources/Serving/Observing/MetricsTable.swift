/// Every metric there is, in the order in which `/metrics` shows them.
public enum MetricsTable {
    /// All of them.
    public static let all = [
        buildInfo, startTime, requests, requestDuration, sentBytes, upstreamRequests, upstreamFailures,
        upstreamDuration,
        upstreamBytes, upstreamBackingOff, cacheEntries, cacheAnswers, cacheBytes, cacheMaximum, cacheEvictions,
        catalogAge, catalogModels, catalogFresh, openConnections, connections, loops, loopsReporting, loopLag,
        stateHealthy, stateBytes, droppedLines, processCPU, processMemory, processDescriptors,
    ]

    static let buildInfo = MetricDefinition(
        "larder_build_info", .gauge, labels: ["version"], "Always 1; the version of the program that runs.")
    static let startTime = MetricDefinition(
        "larder_start_time_seconds", .gauge, "When the process began to serve, in Unix seconds.")
    static let requests = MetricDefinition(
        "larder_requests_total", .counter, labels: ["route", "decision", "status"], "Requests answered.")
    static let requestDuration = MetricDefinition(
        "larder_request_duration_seconds", .histogram, labels: ["decision"],
        "From the end of a request's head until its answer was handed to the socket.")
    static let sentBytes = MetricDefinition(
        "larder_response_body_bytes_total", .counter, "Bytes of bodies sent to clients.")
    static let upstreamRequests = MetricDefinition(
        "larder_upstream_requests_total", .counter, labels: ["kind"], "Requests to upstream that have ended.")
    static let upstreamFailures = MetricDefinition(
        "larder_upstream_failures_total", .counter, labels: ["reason"],
        "Requests to upstream that brought nothing usable.")
    static let upstreamDuration = MetricDefinition(
        "larder_upstream_duration_seconds", .histogram, "How long requests to upstream took, from start to end.")
    static let upstreamBytes = MetricDefinition(
        "larder_upstream_body_bytes_total", .counter, "Bytes of bodies got from upstream, after decompression.")
    static let upstreamBackingOff = MetricDefinition(
        "larder_upstream_backing_off", .gauge, "Resources that upstream is not asked for until a pause is over.")
    static let cacheEntries = MetricDefinition(
        "larder_cache_entries", .gauge, "Stored responses; what loops share is counted by each of them.")
    static let cacheAnswers = MetricDefinition(
        "larder_cache_answers", .gauge, "Answers that lie ready to be sent, over all loops.")
    static let cacheBytes = MetricDefinition(
        "larder_cache_bytes", .gauge, "Bytes kept; what loops share is counted by each of them.")
    static let cacheMaximum = MetricDefinition(
        "larder_cache_max_bytes", .gauge, "The most bytes that are kept: cache.max_bytes.")
    static let cacheEvictions = MetricDefinition(
        "larder_cache_evictions_total", .counter, "Stored responses and answers that went for want of room.")
    static let catalogAge = MetricDefinition(
        "larder_catalog_age_seconds", .gauge, "The time since upstream gave the catalogue; absent without one.")
    static let catalogModels = MetricDefinition(
        "larder_catalog_models", .gauge, "Models in the catalogue; absent without one.")
    static let catalogFresh = MetricDefinition(
        "larder_catalog_fresh", .gauge, "1 if there is a catalogue and it is fresh, else 0.")
    static let openConnections = MetricDefinition("larder_connections", .gauge, "Open connections of clients.")
    static let connections = MetricDefinition(
        "larder_connections_accepted_total", .counter, "Connections of clients that were accepted.")
    static let loops = MetricDefinition("larder_loops", .gauge, "Event loops: the setting workers.")
    static let loopsReporting = MetricDefinition(
        "larder_loops_reporting", .gauge, "Event loops whose numbers are in this answer; less if one was too busy.")
    static let loopLag = MetricDefinition(
        "larder_loop_lag_seconds", .histogram, "How much later than due a loop came to its timer.")
    static let stateHealthy = MetricDefinition(
        "larder_state_healthy", .gauge, "1 if the state directory is in use and can be written, else 0.")
    static let stateBytes = MetricDefinition("larder_state_bytes", .gauge, "The size of the state directory.")
    static let droppedLines = MetricDefinition(
        "larder_log_lines_dropped_total", .counter, "Log lines dropped because nobody read standard error fast enough.")
    static let processCPU = MetricDefinition(
        "process_cpu_seconds_total", .counter, "User and system time of the process.")
    static let processMemory = MetricDefinition(
        "process_resident_memory_bytes", .gauge, "Memory of the process that is in RAM.")
    static let processDescriptors = MetricDefinition(
        "process_open_fds", .gauge, "Descriptors that the process has open.")
}
