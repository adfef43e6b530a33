import Logging

/// Every event in the log, by a name that does not change when the wording of a message does.
enum LogEventName: String, CaseIterable, Sendable {
    case serving
    case socketsHandedOver = "sockets-handed-over"
    case reloaded
    case reloadRefused = "reload-refused"
    case restartNeeded = "restart-needed"
    case shutdownDelay = "shutdown-delay"
    case draining
    case drainTimeout = "drain-timeout"
    case upgradeBegun = "upgrade-begun"
    case tookOver = "took-over"
    case handedOver = "handed-over"
    case upgradeFailed = "upgrade-failed"
    case secondSignal = "second-signal"
    case stopped
    case loopSilent = "loop-silent"
    case notifyFailed = "notify-failed"
    case loopFailed = "loop-failed"
    case acceptFailed = "accept-failed"
    case fewDescriptors = "few-descriptors"
    case connectionsFull = "connections-full"
    case connectionsFree = "connections-free"
    case fetched
    case taken
    case fetchFailed = "fetch-failed"
    case passFailed = "pass-failed"
    case fetchFailuresHeld = "fetch-failures-suppressed"
    case purged
    case fleetUp = "fleet-up"
    case fleetLost = "fleet-lost"
    case stateRestored = "state-restored"
    case stateUnavailable = "state-unavailable"
    case stateSetAside = "state-set-aside"
    case stateCopyDamaged = "state-copy-damaged"
    case stateFailing = "state-failing"
    case stateRecovered = "state-recovered"
    case stateDropped = "state-dropped"
    case historyDropped = "history-dropped"
    case clockWrong = "clock-wrong"
    case stateReset = "state-reset"
    case stateGone = "state-gone"
    case secretReplaced = "secret-replaced"
    case loosePermissions = "loose-permissions"
    case linesLost = "log-lines-lost"
    case access

    /// The level that it is logged at.
    var level: Logger.Level {
        switch self {
        case .serving, .socketsHandedOver, .reloaded, .shutdownDelay, .draining, .stopped, .fetched, .taken,
            .stateRestored,
            .access, .upgradeBegun, .tookOver, .handedOver:
            .info
        case .purged, .stateRecovered, .connectionsFree, .fleetUp: .notice
        case .stateUnavailable, .stateSetAside, .stateCopyDamaged, .stateFailing, .stateDropped, .historyDropped,
            .clockWrong,
            .stateReset,
            .stateGone,
            .secretReplaced,
            .loosePermissions:
            .warning
        case .restartNeeded, .drainTimeout, .secondSignal, .acceptFailed, .fewDescriptors, .connectionsFull,
            .fetchFailed, .passFailed, .fetchFailuresHeld, .linesLost, .loopSilent, .notifyFailed,
            .fleetLost:
            .warning
        case .reloadRefused, .loopFailed, .upgradeFailed: .error
        }
    }

    /// Whether it may repeat while a condition lasts, so that the same line is written once a second at most. Failed
    /// fetches are limited where they are logged.
    var comesAgain: Bool {
        switch self {
        case .acceptFailed, .loopSilent, .notifyFailed: true
        default: false
        }
    }
}
