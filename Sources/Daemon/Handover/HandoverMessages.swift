/// What the new process of a handover tells the old one.
enum NewProcessMessage: Equatable {
    /// It is about to open the state directory.
    case wantsState
    /// It could serve. `hasCatalog` is false if its first fetch has failed.
    case ready(hasCatalog: Bool)
    /// All its loops accept connections.
    case serving
    /// It will end; the text says why.
    case failed(String)

    /// The message as it is sent.
    var text: String {
        switch self {
        case .wantsState: "state"
        case .ready(let hasCatalog): hasCatalog ? "ready" : "ready without catalogue"
        case .serving: "serving"
        case .failed(let reason): "failed \(reason)"
        }
    }

    /// The message that was received; nil for one of another release.
    init?(_ text: String) {
        switch text {
        case "state": self = .wantsState
        case "ready": self = .ready(hasCatalog: true)
        case "ready without catalogue": self = .ready(hasCatalog: false)
        case "serving": self = .serving
        default:
            guard text.hasPrefix("failed ") else { return nil }
            self = .failed(String(text.dropFirst(7)))
        }
    }
}

/// What the old process of a handover tells the new one. The raw value is sent.
enum OldProcessMessage: String {
    /// The state directory is closed.
    case stateReleased = "state released"
    /// Accept connections.
    case accept
    /// The service manager knows of the new process: it is the one to send notifications now.
    case main
    /// Copies were removed here after the state directory was released.
    case copiesRemoved = "copies removed"
}
