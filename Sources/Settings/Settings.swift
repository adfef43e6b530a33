public import Caching
public import EventLoop
internal import Fleet
internal import FoundationEssentials

/// All that an operator can set, checked and typed. A new value holds the defaults.
///
/// `SettingsTable` gives each property its name, its range and its explanation.
public struct Settings: Sendable, Equatable {
    /// The addresses that connections are accepted on; at least one.
    public var listen: [ListenAddress] = [.tcp(host: "localhost", port: 5273)]

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

    /// What is kept across a restart.
    public var state = State()

    /// The engine that copies are shared through.
    package var fleet = Fleet()
    /// What is kept of the catalogue over time.
    public var history = History()

    /// Where queries are answered.
    public var filters = Filters()

    /// The named parts of the catalogue.
    public var views = Views()

    /// The limits for clients.
    public var server = Server()

    /// Where Larder's own pages are.
    public var admin = Admin()

    /// What is written to standard error.
    public var log = Log()

    /// The defaults.
    public init() {}

    /// Where Larder's own pages are.
    public struct Admin: Sendable, Equatable {
        /// The addresses at which `/_larder/` and `/metrics` are answered, and then only there; if there are none, they
        /// are answered on all addresses.
        public var listen: [ListenAddress] = []
    }

    /// Where answers come from, and how long a fetch may take.
    public struct Upstream: Sendable, Equatable {
        /// The base URL: `http` or `https`, no slash at its end.
        public var url = "https://openrouter.ai/api/v1"

        /// The time that a fetch may take from start to end.
        public var timeout: Duration = .seconds(10)

        /// The time that a connection may take to be established, TLS included.
        public var connectTimeout: Duration = .seconds(3)
        /// The time that a passed-through stream may be idle.
        public var idleTimeout: Duration = .seconds(600)

        /// A file of certificates trusted in addition to the system's.
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
        /// A body that is passed on unparsed.
        public var opaque: Duration = .seconds(300)
        /// Upstream's data: benchmarks, datasets, tools.
        public var data: Duration = .seconds(3600)
        /// One model that the catalogue does not hold.
        public var model: Duration = .seconds(300)
        /// A refusal: 404 or 400.
        public var negative: Duration = .seconds(30)
        /// How recent a copy must be to serve a request that forces a refresh.
        public var noCache: Duration = .seconds(30)
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

extension Settings {
    /// The limits for clients. Sizes are in bytes.
    public struct Server: Sendable, Equatable {
        /// The names that a request's `Host` may have; an empty list means the default: the names of this machine if
        /// every listener is local, else any name.
        public var allowedHosts: [String] = []
        /// Whether web pages of other origins may read the responses (CORS), as upstream allows.
        public var cors = true
        /// The time from the first byte of a request to the end of its head.
        public var headerTimeout: Duration = .seconds(10)
        /// The time between two reads of a request's body.
        public var bodyTimeout: Duration = .seconds(30)
        /// The time that a connection may wait for its next request.
        public var idleTimeout: Duration = .seconds(75)
        /// The maximum number of open connections; idle ones make room for further ones, or these wait.
        public var maxConnections = 4096
        /// The size of a request's head.
        public var maxHeaderBytes = 32 << 10
        /// The number of fields in a request's head.
        public var maxHeaders = 100
        /// The size of a request's target.
        public var maxTargetBytes = 8 << 10
        /// Whether long answers that are sent often are sent without copying them.
        public var zeroCopy = ZeroCopy.auto
        /// The time after SIGTERM or SIGINT in which connections are still accepted, and `/readyz` answers 503.
        public var shutdownDelay: Duration = .zero
        /// The time that requests in flight get after SIGTERM or SIGINT, and after the delay.
        public var drainTimeout: Duration = .seconds(20)
        /// The time that a new process gets until it serves, before the old one gives up the upgrade.
        public var upgradeTimeout: Duration = .seconds(30)
    }

    /// What is written to standard error.
    public struct Log: Sendable, Equatable {
        /// Minimum log level.
        public var level = LogLevel.info
        /// How a line looks.
        public var format = LogFormat.auto
        /// Whether each request is logged, at the level `info`.
        public var access = true
    }

    /// The log levels, each more severe than the one before it.
    public enum LogLevel: String, Sendable, Equatable, CaseIterable {
        /// Every step.
        case trace
        /// Details for debugging.
        case debug
        /// Normal events.
        case info
        /// Rare events.
        case notice
        /// Possible problems.
        case warning
        /// Errors.
        case error
        /// Errors that end the process.
        case critical
    }

    /// How a line of the log looks.
    public enum LogFormat: String, Sendable, Equatable, CaseIterable {
        /// Text on a terminal, else JSON.
        case auto
        /// For people.
        case text
        /// One JSON object a line.
        case json
    }

    /// The range of `workers`.
    static let workerRange = 1...256

    /// The cores that this process may run on, which is the number of workers unless another one is set.
    package static var cores: Int {
        min(max(ProcessInfo.processInfo.activeProcessorCount, workerRange.lowerBound), workerRange.upperBound)
    }
}

extension Settings {
    /// How long an answer may be served after it has ceased to be fresh. Zero: not at all.
    public struct Stale: Sendable, Equatable {
        /// At once, while a new one is fetched (RFC 5861 section 3).
        public var whileRevalidate: Duration = .seconds(3600)
        /// In place of an error, while upstream fails (RFC 5861 section 4).
        public var ifError: Duration = .seconds(24 * 3600)
    }

    /// What is kept of the catalogue over time, in the state directory.
    public struct History: Sendable, Equatable {
        /// Whether anything is kept.
        public var enabled = true
        /// For how long.
        public var keep: Duration = .seconds(90 * 86400)
    }

    /// What is kept across a restart.
    public struct State: Sendable, Equatable {
        /// Whether anything is kept.
        public var enabled = true
        /// The directory for it. The loader fills in the default one if none is set; nil if there is no home directory.
        public var directory: String?
    }
}

/// The version of this program.
public let version = "0.2.0"

extension Settings {
    /// The engine that several Larders share copies through.
    public struct Fleet: Sendable, Equatable {
        /// Its address; nil: this Larder is alone.
        public var url: String?
        /// The user of its ACL; nil for the default one.
        public var username: String?
        /// The file of its password.
        public var passwordFile: String?
        /// The file of the secret that all replicas have.
        public var secretFile: String?
        /// A file of certificates trusted in addition to the system's.
        public var caFile: String?
        /// What distinguishes this fleet's keys from those of others on the same engine.
        public var namespace = "larder"
        /// The time that connections may take to be established.
        public var connectTimeout: Duration = .milliseconds(500)
        /// The time for a reply, and for all replies together that a request waits for.
        public var timeout: Duration = .milliseconds(500)
        /// Whether Larder does not start without the engine.
        public var required = false
        /// The size of the largest copy that is shared, in bytes.
        public var maxValueBytes = 8 << 20

        /// No fleet.
        public init() {}

        /// What is missing or useless among the settings together; nil if nothing is.
        package var problem: String? {
            if url == nil {
                return required ? "fleet.required is set, and fleet.url is not" : nil
            }
            if secretFile == nil { return "fleet.url needs fleet.secret_file: a file that is the same on all replicas" }
            return username != nil && passwordFile == nil ? "fleet.username needs fleet.password_file" : nil
        }
    }
}

extension SettingKind<String> {
    /// The address of a fleet's engine. A bad one is not shown, because it may contain a password.
    static let engineURL = {
        var kind = Self.text(
            "redis://HOST[:PORT][/DATABASE], rediss:// for TLS, redis+sentinel://HOST[:PORT][,...]/MASTER or unix:/PATH, "
                + "without user and password",
            { text in (try? EngineAddress(text)) == nil ? nil : text }, show: { $0 })
        kind.conceal = { _ in "…" }
        return kind
    }()

    /// The prefix of a fleet's keys.
    static let keyPrefix = Self.text(
        "1 to \(Namespace.longestPrefix) letters, digits, -, _ or .",
        { text in (try? Namespace(prefix: text, upstream: 0)) == nil ? nil : text }, show: { $0 })

    /// A name without spaces.
    static let userName = Self.text(
        "a name without spaces", { text in text.isEmpty || text.contains(where: \.isWhitespace) ? nil : text },
        show: { $0 })
}
