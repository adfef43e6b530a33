/// The facts about the process, besides the counters of its loops.
public struct ProcessReport: Sendable {
    /// The program's version.
    public var version: String
    /// The process ID.
    public var pid = 0
    /// When it began to serve, in Unix seconds.
    public var started: Int64
    /// The current time, in Unix seconds.
    public var now: Int64
    /// The number of loops.
    public var workers = 1
    /// The addresses that it listens on.
    public var listen: [String] = []
    /// The addresses of its own pages; none if they are everywhere.
    public var adminListen: [String] = []
    /// Whether upstream is the built-in one.
    public var isDemo = false
    /// The base URL of upstream, without a password.
    public var upstream = ""
    /// Whether the catalogue is fetched at the start.
    public var warmsUp = false
    /// The number of dropped log lines.
    public var droppedLines: UInt64 = 0
    /// The state directory.
    public var state = StateReport()
    /// This process as a replica of a fleet; nil without one.
    public var fleet: FleetReport?
    /// The last reload of the settings.
    public var reload = ReloadReport()
    /// The resources that it uses.
    public var usage = UsageReport()

    /// Describes a process that began at `started`.
    public init(version: String, started: Int64, now: Int64) {
        self.version = version
        self.started = started
        self.now = now
    }
}

/// This process as a replica of a fleet.
public struct FleetReport: Sendable, Equatable {
    /// Whether the engine is in use.
    public var isUp: Bool
    /// Why it is not; nil if it is.
    public var notice: String?
    /// When it was last taken into use or lost, in Unix seconds; nil if it was never in use.
    public var since: Int64?
    /// How many replicas got this one's last message, itself included; 0 without the engine.
    public var replicas = 0
    /// The copies taken from the fleet.
    public var taken: UInt64 = 0
    /// The copies stored for the fleet.
    public var given: UInt64 = 0
    /// The fetches under a lease.
    public var leases: UInt64 = 0
    /// The waits for another replica's fetch.
    public var waits: UInt64 = 0
    /// The fetches without a lease.
    public var alone: UInt64 = 0
    /// How often the engine was lost or could not be reached.
    public var failures: UInt64 = 0
    /// The purges that began here.
    public var purges: UInt64 = 0

    /// Nothing has happened yet.
    public init(isUp: Bool) { self.isUp = isUp }
}

/// The resources that the process uses. A value that is unavailable is nil.
public struct UsageReport: Sendable, Equatable {
    /// User and system time.
    public var cpuNanoseconds: UInt64?
    /// When the process was started, in Unix seconds.
    public var started: Int64?
    /// Resident memory.
    public var residentBytes: UInt64?
    /// Virtual memory.
    public var virtualBytes: UInt64?
    /// Open descriptors.
    public var openDescriptors: UInt64?
    /// The most descriptors that may be open.
    public var maximumDescriptors: UInt64?

    /// Nothing is known.
    public init() {}
}

/// The last reload of the settings.
public struct ReloadReport: Sendable, Equatable {
    /// When it was, in Unix seconds; nil if there was none.
    public var time: Int64?
    /// The number of reloads, refused ones included.
    public var count = 0
    /// Why it was refused, in one line without secrets; nil if it was not.
    public var refusal: String?
    /// The settings that have changed and take effect only after a restart.
    public var waiting: [String] = []

    /// There was none.
    public init() {}
}

/// The status of the state directory.
public struct StateReport: Sendable, Equatable {
    /// What is wrong with the directory.
    public struct Problem: Sendable, Equatable {
        /// The kinds of problem.
        public enum Kind: Sendable {
            /// Its disk is full.
            case full
            /// It cannot be written for another reason.
            case failing
            /// It could not be opened at the start.
            case unavailable
        }

        /// The kind.
        public let kind: Kind
        /// The reason in words.
        public let reason: String
        /// Since when, in Unix seconds.
        public let since: Int64

        /// A problem.
        public init(_ kind: Kind, _ reason: String, since: Int64) {
            self.kind = kind
            self.reason = reason
            self.since = since
        }
    }

    /// Whether one is used.
    public var isEnabled = false
    /// Its path.
    public var directory: String?
    /// What is wrong with it; nil if nothing is.
    public var problem: Problem?
    /// Its size.
    public var bytes = 0

    /// Whether it is writable.
    public var isHealthy: Bool { problem == nil }

    /// No state directory.
    public init() {}
}

/// What the history of the catalogue has, from the loop that records it.
public struct HistoryReport: Sendable, Equatable {
    /// The number of changes of one kind.
    public struct Count: Sendable, Equatable {
        /// The name of the kind.
        public let kind: String
        /// How many were recorded since the process began.
        public let count: UInt64

        /// A number of changes.
        public init(kind: String, count: UInt64) {
            self.kind = kind
            self.count = count
        }
    }

    /// The changes, for each kind that there is.
    public var changes: [Count]
    /// The first time of which there is a list, in Unix seconds; nil if that is not known yet.
    public var began: Int64?

    /// A report.
    public init(changes: [Count], began: Int64?) {
        self.changes = changes
        self.began = began
    }
}

extension MetricsPage {
    static func appendHistory(_ report: MetricsReport, now: Int64, to page: inout PrometheusText) {
        page.begin(MetricsTable.catalogChanges)
        for change in report.history?.changes ?? [] {
            page.label(escaping: change.kind)
            page.sample(change.count)
        }
        page.begin(MetricsTable.historyLength)
        if let began = report.history?.began { page.sample(UInt64(max(0, now - began))) }
    }
}
