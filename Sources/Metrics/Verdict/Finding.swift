/// One thing that the verdict on a running Larder found, in words for an operator.
public struct Finding: Sendable, Equatable {
    /// How serious it is.
    public enum Level: String, CaseIterable, Sendable, Comparable {
        /// Nothing to do.
        case ok
        /// Requests are answered, but something needs attention.
        case warning
        /// Some requests are not answered, or soon will not be.
        case error

        private var rank: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .error: 2
            }
        }

        /// `ok` is the least serious.
        public static func < (one: Level, other: Level) -> Bool { one.rank < other.rank }
    }

    /// Every kind of finding, by a name that does not change when the wording does, with the most important first.
    public enum Code: String, CaseIterable, Sendable {
        case noCatalogue = "no-catalogue"
        case catalogueExpired = "catalogue-expired"
        case connectionsFull = "connections-full"
        case loopsSilent = "loops-silent"
        case stale
        case connectionsCrowded = "connections-crowded"
        case upstreamFailing = "upstream-failing"
        case keyRefused = "key-refused"
        case passedFailing = "passed-failing"
        case stateFull = "state-full"
        case stateFailing = "state-failing"
        case stateUnavailable = "state-unavailable"
        case fleetDown = "fleet-down"
        case fewDescriptors = "few-descriptors"
        case reloadRefused = "reload-refused"
        case restartNeeded = "restart-needed"
        case starting
        case allWell = "all-well"

        /// How serious it is.
        public var level: Level {
            switch self {
            case .noCatalogue, .catalogueExpired, .connectionsFull, .loopsSilent: .error
            case .stale, .connectionsCrowded, .upstreamFailing, .keyRefused, .passedFailing, .stateFull, .stateFailing,
                .stateUnavailable, .fleetDown, .fewDescriptors, .reloadRefused, .restartNeeded:
                .warning
            case .starting, .allWell: .ok
            }
        }
    }

    /// What was found.
    public let code: Code
    /// One sentence for people. It contains no key and no text of a caller.
    public let text: String
    /// Since when, in Unix seconds, if that is known.
    public let since: Int64?

    /// How serious it is.
    public var level: Level { code.level }

    /// A finding.
    public init(_ code: Code, _ text: String, since: Int64? = nil) {
        self.code = code
        self.text = text
        self.since = since
    }
}

/// A span of time in words.
enum TimeWords {
    /// The span in one unit, rounded down: `40 s`, `4 minutes`, `3 hours`, `2 days`.
    static func span(_ seconds: Int64) -> String {
        switch max(0, seconds) {
        case ..<60: "\(max(0, seconds)) s"
        case ..<3_600: count(seconds / 60, "minute")
        case ..<(2 * 86_400): count(seconds / 3_600, "hour")
        default: count(seconds / 86_400, "day")
        }
    }

    private static func count(_ number: Int64, _ unit: String) -> String {
        number == 1 ? "1 \(unit)" : "\(number) \(unit)s"
    }
}
