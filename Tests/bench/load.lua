-- What wrk measured, on one line of JSON. There is no function `request`, so that wrk sends one request made beforehand.
local file = os.getenv("BENCH_BODY")
if file then
    wrk.method = "POST"
    wrk.headers["Content-Type"] = "application/json"
    local handle = assert(io.open(file, "rb"))
    wrk.body = handle:read("*a")
    handle:close()
end

function done(summary, latency)
    local errors = summary.errors
    io.write(string.format(
        'BENCH {"requests":%d,"microseconds":%d,"bytes":%d,"failed":%d,"p50":%d,"p99":%d,"p999":%d}\n',
        summary.requests, summary.duration, summary.bytes,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
