public import Caching

/// All that an operator can set, checked and typed. A new value holds the defaults.
///
/// `SettingsTable` gives each property its name, its range and its explanation.
public struct Settings: Sendable, Equatable {
    /// The addresses that connections are accepted on; at least one.
    public var listen: [ListenAddress] = [.tcp(host: "127.0.0.1", port: 5273)]

    /// The number of event loops, each on a thread of its own.
    public var workers = Settings.cores

    /// Where answers come from.
    public var upstream = Upstream()

    /// How long answers count as fresh.
    public var ttl = TTL()

    /// How long answers may be served past that.
    public var stale = Stale()

    /// What is kept.
    public var cache = Cache()

    /// What is kept over a restart.
    public var state = State()

    /// Where queries are answered.
    public var filters = Filters()

    /// The bounds that clients are held to.
    public var server = Server()

    /// What is written to standard error.
    public var log = Log()

    /// The defaults.
    public init() {}

    /// Where answers come from, and how long a fetch may take.
    public struct Upstream: Sendable, Equatable {
        /// The base URL: `http` or `https`, no slash at its end.
        public var url = "https://openrouter.ai/api/v1"

        /// The time that a fetch may take from start to end.
        public var timeout: Duration = .seconds(10)

        /// The time that a connection may take to stand, TLS included.
        public var connectTimeout: Duration = .seconds(3)
        /// The time in which a stream that is passed through may stand still.
        public var idleTimeout: Duration = .seconds(600)

        /// A file of certificates trusted beside the system's.
        public var caFile: String?

        /// The proxy's URL. It may hold a password: show what `URLText.masked` makes of it instead.
        public var proxy: String?

        /// Whether the catalogue is fetched at start-up.
        public var warmUp = true
    }

    /// How long answers count as fresh. Zero: never, each request asks upstream.
    public struct TTL: Sendable, Equatable {
        /// The whole catalogue and what upstream makes of it.
        public var catalog: Duration = .seconds(300)
        /// A caller's own list.
        public var user: Duration = .seconds(60)
        /// A body that is passed on without being understood.
        public var opaque: Duration = .seconds(300)
        /// One model that the catalogue does not hold.
        public var model: Duration = .seconds(300)
        /// A refusal: 404 or 400.
        public var negative: Duration = .seconds(30)
        /// Whether upstream's `max-age`, where it gives one, counts instead of these times.
        public var respectUpstream = false
    }

    /// What is kept, how much of it and for whom.
    public struct Cache: Sendable, Equatable {
        /// Whether callers with different keys are served one copy.
        public var share = Sharing.auto
        /// The memory that answers may take, in bytes.
        public var maxBytes = 256 << 20
    }

    /// Where queries are answered.
    public struct Filters: Sendable, Equatable {
        /// The names of the query parameters that are left to upstream.
        public var upstream: [String] = []
    }
}
