import EventLoop
import Logging
import Settings

/// What a handover needs of the process that serves.
protocol HandoverOwner: AnyObject {
    /// Whether all loops serve, and this process is the main one.
    var canStartHandover: Bool { get }
    /// Why this process cannot hand over; nil if it can.
    var obstacleToHandover: String? { get }
    /// Whether requests for the catalogue can be answered.
    var isReady: Bool { get }
    /// What the new process listens on.
    var sockets: OpenSockets { get }
    /// How long the new process may take, in milliseconds.
    var upgradeTimeout: Int { get }

    func lendState()
    func takeStateBack()
    /// Notifies the service manager that a process is the main one.
    func nameMain(_ process: Int32)
    /// Another process serves: accept nothing more, and end with the connections that are open.
    func retire()
    /// Whether this process was asked to end.
    var isEnding: Bool { get }
    /// The handover has failed, and this process has its state again, unless it cannot be opened.
    func handoverFailed()
}

/// The old process's part of a handover: starts the program anew, gives it the sockets and the state directory, and ends
/// when the new process serves. `HandoverStateMachine` decides.
final class Handover {
    private var machine = HandoverStateMachine()
    private let launch: ProgramLaunch
    private let loop: Loop
    private let log: Logger
    private unowned let owner: any HandoverOwner
    private var requests: UpgradeRequests?
    private var signal: SignalWatch?
    private var timer: LoopTimer?
    private var channel: MessageChannel?
    private var process: Int32 = 0
    /// Whether the settings were read again here after the new process may have read them.
    private var mustReload = false

    /// How long a killed process may take to be gone, in milliseconds.
    private static let patience = 5_000
    /// What another process or its manager meant for this process alone.
    private static let ownVariables = ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID", "WATCHDOG_PID"]

    /// Waits for SIGUSR2. `launch` is how this process was started.
    init(_ launch: ProgramLaunch, on loop: Loop, for owner: any HandoverOwner, log: Logger) throws(UVError) {
        self.launch = launch
        self.loop = loop
        self.owner = owner
        self.log = log
        timer = LoopTimer(on: loop) { [unowned self] in perform(machine.timePassed()) }
        signal = try SignalWatch(on: loop, signal: Self.request) { [unowned self] in requested() }
    }

    /// SIGUSR2.
    private static let request: Int32 = 12

    private func requested() {
        perform(machine.requested(canStart: owner.canStartHandover, obstacle: owner.obstacleToHandover))
    }

    /// This process serves from now on: `larder upgrade` finds it, and a handover that was wanted earlier begins.
    func begunToServe() {
        // Without the name there is still the signal.
        requests = try? UpgradeRequests(on: loop) { [unowned self] in requested() }
        perform(machine.begunToServe(obstacle: owner.obstacleToHandover))
    }

    /// Whether a new process is being started, or was killed and may not be gone.
    var isUnderWay: Bool { machine.isUnderWay }

    /// This process was asked to end.
    func ending() { perform(machine.ending()) }

    /// The settings were read again.
    func reloaded() { mustReload = machine.isUnderWay }

    /// Copies were removed here that the new process has.
    func copiesRemoved() { channel?.send(OldProcessMessage.copiesRemoved.rawValue) }

    /// Lets the loop end.
    func close() {
        signal?.close()
        timer?.close()
        requests?.close()
        channel?.close()
    }

    // MARK: Actions

    private func perform(_ actions: [HandoverStateMachine.Action]) {
        for action in actions {
            switch action {
            case .start:
                do throws(UVError) {
                    try start()
                } catch {
                    return perform(machine.startFailed("cannot start \(launch.path): \(error)"))
                }
            case .lendState: owner.lendState()
            case .takeStateBack: owner.takeStateBack()
            case .send(let message): channel?.send(message.rawValue)
            case .nameMain: owner.nameMain(process)
            case .kill: ProgramLaunch.kill(process)
            case .retire: owner.retire()
            case .wait(.start): timer?.start(after: owner.upgradeTimeout)
            case .wait(.kill): timer?.start(after: Self.patience)
            case .finish(let outcome): finish(outcome)
            }
        }
    }

    private func start() throws(UVError) {
        mustReload = false
        let (mine, its) = try MessageSocket.pair()
        defer { its.close() }
        let sockets = owner.sockets
        let words = HandedList.words(sockets)
        do throws(UVError) {
            process = try launch.start(
                passing: [its.descriptor] + sockets.distinct.map(\.descriptor),
                environment: { variables in
                    for name in Self.ownVariables { variables[name] = nil }
                    variables[HandedList.variable] = words
                })
        } catch {
            mine.close()
            throw error
        }
        log.event(
            .upgradeBegun, "started \(launch.path) as process \(process), which is to take over",
            ["process": "\(process)"])
        channel = try MessageChannel(on: loop, mine) { [unowned self] text in received(text) }
    }

    private func received(_ text: String?) {
        guard let text else {
            channel?.close()
            channel = nil
            return perform(machine.newEnded())
        }
        guard let message = NewProcessMessage(text) else { return }
        perform(machine.received(message, isReady: owner.isReady))
    }

    private func finish(_ outcome: HandoverStateMachine.Outcome) {
        switch outcome {
        case .handedOver:
            timer?.stop()
            log.event(
                .handedOver, "process \(process) serves now; finishing the requests in flight",
                ["process": "\(process)"])
            if mustReload { sendSignal(1, to: process) }
            requests?.answer("\(process)")
            requests?.close()
        case .refused(let reason):
            // The new process still has to learn from this one what is removed here.
            log.event(.upgradeFailed, "an upgrade was refused, and nothing has changed: \(reason)")
            requests?.answer("failed: \(reason)")
        case .failed(let reason):
            timer?.stop()
            channel?.close()
            channel = nil
            let rest = owner.isEnding ? "" : ", and this process goes on serving"
            log.event(.upgradeFailed, "the upgrade failed\(rest): \(reason)")
            requests?.answer("failed: \(reason)")
            // Last, because it may close this.
            owner.handoverFailed()
        }
    }
}

/// The sockets that another process gets, in the words of an environment variable: one for each of the descriptors from 4
/// on. Descriptor 3 is the connection to this process.
enum HandedList {
    /// Not one of the settings, whose variables begin with `LARDER_`.
    static let variable = "_LARDER_HANDOVER"
    /// A socket of the service manager's.
    static let managers = "manager"
    /// A socket of Larder's own; with a colon, and what distinguishes its file, if there is one.
    static let own = "own"

    /// What follows either for a socket of `admin.listen`.
    private static let admin = "-admin"

    static func words(_ sockets: OpenSockets) -> String {
        sockets.handed.map { socket, isManagers in
            let kind = (isManagers ? managers : own) + (socket.isAdmin ? admin : "")
            guard !isManagers, let identity = socket.fileIdentity else { return kind }
            return "\(kind):\(identity)"
        }.joined(separator: " ")
    }

    /// Reads a word: whether the socket is the service manager's, whether it is one of `admin.listen`, and what
    /// distinguishes its file.
    static func read(_ word: Substring) -> (isManagers: Bool, isAdmin: Bool, fileIdentity: String?) {
        let parts = word.split(separator: ":", maxSplits: 1)
        let kind = parts.first ?? ""
        return (kind.hasPrefix(managers), kind.hasSuffix(admin), parts.count == 2 ? String(parts[1]) : nil)
    }
}

/// The processes that have asked for a handover and wait for its end: `larder upgrade`.
final class UpgradeRequests {
    private let descriptor: ListeningName
    private var poll: DescriptorPoll?
    private let requested: () -> Void
    private var waiting: [MessageSocket] = []

    /// More do not wait.
    private static let most = 16

    /// Calls `requested` for each process of this user or root that connects.
    init(on loop: Loop, requested: @escaping () -> Void) throws(UVError) {
        descriptor = try ListeningName(UpgradeAddress.name(of: Int32(ProcessUsage.pid)))
        self.requested = requested
        poll = try DescriptorPoll(on: loop, descriptor: descriptor.number) { [unowned self] _ in accept() }
        poll?.watch(for: .readable)
    }

    private func accept() {
        // `requested` may close.
        while poll != nil, let socket = descriptor.accept() {
            guard waiting.count < Self.most else {
                socket.close()
                continue
            }
            waiting.append(socket)
            requested()
        }
    }

    /// Answers all that wait.
    func answer(_ text: String) {
        for socket in waiting {
            socket.send(text)
            socket.close()
        }
        waiting = []
    }

    /// Listens no more. Further calls do nothing.
    func close() {
        guard let poll else { return }
        self.poll = nil
        poll.close()
        for socket in waiting { socket.close() }
        waiting = []
        descriptor.close()
    }
}

/// What the new process of a handover sends to the old one.
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

/// What the old process of a handover sends to the new one: the raw value.
enum OldProcessMessage: String {
    /// The state directory is closed.
    case stateReleased = "state released"
    /// Accept connections.
    case accept
    /// The service manager knows of the new process: it is the one to send notifications now.
    case main
    /// Copies were removed here after the state directory was released. The new process then removes all copies: more
    /// than is needed, but never too little, and it is rare.
    case copiesRemoved = "copies removed"
}
