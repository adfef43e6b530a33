/// The status of a Larder that has something of everything.
public enum StatusSample {
    /// The text of it.
    public static let whole = #"""
        {"verdict":{"level":"warning","code":"key-refused","text":"Upstream has refused the key 1a2b3c4d (401) for 2 hours","since":1794992000},
         "findings":[{"level":"warning","code":"restart-needed","text":"Changed settings take effect only after a restart: listen, state.dir, state.enabled","since":1794987400}],
         "version":"0.1.0","pid":77,"started":1794987400,"uptime_seconds":12600,"workers":2,
         "listen":["127.0.0.1:5273","unix:/run/larder.sock"],"demo":false,
         "upstream":{"url":"https://openrouter.ai/api/v1","requests":120,"failures":2,"last_success":1794999910,
          "last_failure":{"time":1794992000,"resource":"/models/user","message":"upstream took too long: connecting"},
          "recent":[{"time":1794999988,"resource":"/models","status":200,"error":null,"duration_ms":210,"bytes":104448},
           {"time":1794992000,"resource":"/models/user","status":null,"error":"timeout","duration_ms":10000,"bytes":0}],
          "backing_off":[{"resource":"/models/user","seconds":12}]},
         "cache":{"bytes":1572864,"max_bytes":268435456,"entries":3,"distinct_entries":2,"answers":14,"evictions":0},
         "entries":[{"resource":"/models","key":null,"status":200,"age_seconds":12,"ttl_seconds":288,"state":"fresh",
           "bytes":1048576,"models":437},
          {"resource":"/models/user","key":"1a2b3c4d","status":200,"age_seconds":130,"ttl_seconds":0,"state":"stale",
           "bytes":524288,"models":300}],
         "views":[{"name":"team","models":12,"requests":40}],
         "keys":[{"fingerprint":"1a2b3c4d","entries":1,"bytes":524288}],
         "requests":{"total":2000,"hit":1900,"stale":64,"miss":30,"passed":5,"error":1,"hit_ratio":0.982},
         "connections":3,"state":{"enabled":true,"dir":"/var/lib/larder","healthy":true,"bytes":2097152},
         "latency_us":{"le":[1,2],"count":[0,1],"p50":12,"p90":20,"p99":81.5,"p999":900},"history":{}}
        """#
}
