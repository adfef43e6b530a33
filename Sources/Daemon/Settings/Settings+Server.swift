internal import FoundationEssentials

extension Settings {
    /// The bounds that clients are held to. Sizes are in bytes.
    public struct Server: Sendable, Equatable {
        /// The names that a request's `Host` may have; none stands for the usual ones: those of this machine where every
        /// listener is of this machine only, else any.
        public var allowedHosts: [String] = []
        /// Whether web pages of other origins may read what upstream lets them read.
        public var cors = true
        /// The time from the first byte of a request to the end of its head.
        public var headerTimeout: Duration = .seconds(10)
        /// The time between two reads of a request's body.
        public var bodyTimeout: Duration = .seconds(30)
        /// The time that a connection may wait for its next request.
        public var idleTimeout: Duration = .seconds(75)
        /// The connections that are served at once; the newest waits.
        public var maxConnections = 4096
        /// The size of a request's head.
        public var maxHeaderBytes = 32 << 10
        /// The number of fields in a request's head.
        public var maxHeaders = 100
        /// The size of a request's target.
        public var maxTargetBytes = 8 << 10
        /// The time that requests in flight are given when the process is told to end.
        public var drainTimeout: Duration = .seconds(20)
    }

    /// What is written to standard error.
    public struct Log: Sendable, Equatable {
        /// The least level that is written.
        public var level = LogLevel.info
        /// How a line looks.
        public var format = LogFormat.auto
        /// Whether each request has a line, at the level `info`.
        public var access = true
    }

    /// The levels of the log, each more pressing than the one before it.
    public enum LogLevel: String, Sendable, Equatable, CaseIterable {
        /// Every step.
        case trace
        /// What helps to find a fault.
        case debug
        /// What happens in the course of events.
        case info
        /// What happens seldom.
        case notice
        /// What may become a fault.
        case warning
        /// What went wrong.
        case error
        /// What the process does not survive.
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
    static var cores: Int {
        min(max(ProcessInfo.processInfo.activeProcessorCount, workerRange.lowerBound), workerRange.upperBound)
    }
}
