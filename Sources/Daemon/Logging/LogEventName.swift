import Logging

/// Everything that the log tells of, by a name that does not change when the words of a message do.
enum LogEventName: String, CaseIterable, Sendable {
    case serving
    case socketsHandedOver = "sockets-handed-over"
    case reloaded
    case reloadRefused = "reload-refused"
    case restartNeeded = "restart-needed"
    case draining
    case drainTimeout = "drain-timeout"
    case endedTwice = "told-twice"
    case stopped
    case loopSilent = "loop-silent"
    case notifyFailed = "notify-failed"
    case loopFailed = "loop-failed"
    case acceptFailed = "accept-failed"
    case fewDescriptors = "few-descriptors"
    case fetched
    case fetchFailed = "fetch-failed"
    case fetchFailuresHeld = "fetch-failures-held"
    case purged
    case stateRestored = "state-restored"
    case stateUnavailable = "state-unavailable"
    case stateSetAside = "state-set-aside"
    case stateFailing = "state-failing"
    case stateRecovered = "state-recovered"
    case stateDropped = "state-dropped"
    case stateBegunAnew = "state-begun-anew"
    case stateGone = "state-gone"
    case secretReplaced = "secret-replaced"
    case loosePermissions = "loose-permissions"
    case linesLost = "log-lines-lost"
    case access

    /// The level that it is logged at.
    var level: Logger.Level {
        switch self {
        case .serving, .socketsHandedOver, .reloaded, .draining, .stopped, .fetched, .stateRestored, .access: .info
        case .purged, .stateRecovered: .notice
        case .stateUnavailable, .stateSetAside, .stateFailing, .stateDropped, .stateBegunAnew, .stateGone,
            .secretReplaced,
            .loosePermissions:
            .warning
        case .restartNeeded, .drainTimeout, .endedTwice, .acceptFailed, .fewDescriptors, .fetchFailed,
            .fetchFailuresHeld, .linesLost, .loopSilent, .notifyFailed:
            .warning
        case .reloadRefused, .loopFailed: .error
        }
    }

    /// Whether it may come over and over while something lasts, so that the same line is written once a second at most. Failed
    /// fetches are held back where they are told of.
    var comesAgain: Bool {
        switch self {
        case .acceptFailed, .loopSilent, .notifyFailed: true
        default: false
        }
    }
}
