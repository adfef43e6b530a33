import EventLoop
import Glibc
import Persistence
import Settings

/// What the takeover needs of the process that is to serve.
protocol TakeoverOwner: AnyObject {
    func acceptConnections()
    /// Reports to the log and the service manager that this process serves.
    func announce()
    func removeCopies()
    /// Ends the process with an error.
    func giveUp(_ reason: String)
}

/// The new process's part of a handover. `TakeoverStateMachine` decides.
final class Takeover {
    private static let channelDescriptor: Int32 = 3
    /// How long the old process may take to close its store, in milliseconds: it gives it five seconds.
    private static let patience: Int32 = 20_000

    private var machine = TakeoverStateMachine()
    private let socket: MessageSocket
    private var channel: MessageChannel?
    private weak var owner: (any TakeoverOwner)?

    /// The sockets that the old process opened, in its order.
    let sockets: [ListeningSocket]
    /// Those of the service manager.
    let managers: [ListeningSocket]

    /// The old process; 0 if the kernel does not say.
    var oldProcess: Int32 { socket.peer?.process ?? 0 }

    /// Whether this process is the main one.
    var isOver: Bool { machine.isOver }

    /// The takeover that this process was started for; nil if it was started in another way.
    init?(environment: [String: String]) throws(TakeoverError) {
        guard let list = environment[HandedList.variable] else { return nil }
        guard let socket = MessageSocket(inherited: Self.channelDescriptor) else {
            throw TakeoverError(description: "\(HandedList.variable) is set, but no other Larder has started this one")
        }
        self.socket = socket
        var sockets: [ListeningSocket] = []
        var managers: [ListeningSocket] = []
        for (index, word) in list.split(separator: " ").enumerated() {
            let descriptor = Self.channelDescriptor + 1 + Int32(index)
            let (isManagers, isAdmin, fileIdentity) = HandedList.read(word)
            do throws(UVError) {
                let socket = try ListeningSocket(descriptor: descriptor, fileIdentity: fileIdentity)
                let known = isAdmin ? socket.asAdmin : socket
                if isManagers { managers.append(known) } else { sockets.append(known) }
            } catch {
                throw TakeoverError(description: "cannot use descriptor \(descriptor) of the old process: \(error)")
            }
        }
        self.sockets = sockets
        self.managers = managers
    }

    /// Waits until the old process has released the state directory.
    func waitForState() throws(TakeoverError) {
        socket.send(NewProcessMessage.wantsState.text)
        switch socket.receive(waiting: Self.patience) {
        case .message(OldProcessMessage.stateReleased.rawValue): return
        case .message(let text): throw TakeoverError(description: "the old process sent an unexpected \"\(text)\"")
        case .nothing: throw TakeoverError(description: "the old process did not release the state directory")
        case .end: throw TakeoverError(description: "the old process ended before this one could take over")
        }
    }

    /// All loops run.
    func begin(on loop: Loop, for owner: any TakeoverOwner, _ readiness: Readiness) throws(UVError) {
        self.owner = owner
        channel = try MessageChannel(on: loop, socket) { [unowned self] text in received(text) }
        report(readiness)
    }

    /// The answer of `/readyz` has changed.
    func report(_ readiness: Readiness) { perform(machine.report(readiness)) }

    /// All loops accept connections.
    func begunToServe() { perform(machine.begunToServe()) }

    /// Lets the loop end.
    func close() { channel?.close() }

    private func received(_ text: String?) {
        guard let text else {
            channel?.close()
            return perform(machine.oldEnded())
        }
        guard let message = OldProcessMessage(rawValue: text) else { return }
        perform(machine.received(message))
    }

    private func perform(_ actions: [TakeoverStateMachine.Action]) {
        for action in actions {
            switch action {
            case .send(let message): channel?.send(message.text)
            case .accept: owner?.acceptConnections()
            case .announce: owner?.announce()
            case .removeCopies: owner?.removeCopies()
            case .giveUp(let reason): owner?.giveUp(reason)
            }
        }
    }

    /// Reports to the old process, if there is one, why this one ends without having served.
    static func fail(_ reason: String, environment: [String: String]) {
        guard environment[HandedList.variable] != nil, let socket = MessageSocket(inherited: channelDescriptor) else {
            return
        }
        socket.send(NewProcessMessage.failed(reason).text)
    }
}

/// Why a process cannot take over from another one.
struct TakeoverError: Error, CustomStringConvertible {
    /// One line.
    let description: String
}

/// Call it if the process ends because of an error before it has served. If it was started to take over from another
/// Larder, that one logs the reason, and goes on serving.
public func reportFailedStart(_ reason: String, environment: [String: String]) {
    Takeover.fail(reason, environment: environment)
}

/// The two handovers that a process can have a part in: at its start as the new process, and later as the old one.
struct Handovers {
    /// From the process before this one; nil if this one was started in another way.
    let takeover: Takeover?
    /// To the next one; nil if that is not possible.
    var handover: Handover?

    /// Lets the loop end.
    func close() {
        takeover?.close()
        handover?.close()
    }
}

extension Supervisor: HandoverOwner {
    var canStartHandover: Bool { loops.allServe && handovers.takeover?.isOver ?? true }

    var obstacleToHandover: String? {
        // Its end would end everything in the container, the new process too.
        if getpid() == 1 { return "this is the first process of a container; start a new container instead" }
        return lifecycle.isEnding ? "this process is about to end" : nil
    }

    var isReady: Bool { lifecycle.readiness == .ready }

    var upgradeTimeout: Int { Int(settings.server.upgradeTimeout.milliseconds) }

    func lendState() { upkeep.store?.lend() }

    func takeStateBack() { upkeep.takeBack(settings, isDemo: shardSettings.source.isDemo, log: log) }

    func nameMain(_ process: Int32) {
        watchdog.timer?.stop()
        watchdog.manager.notifyMain(process)
    }

    func retire() {
        lifecycle.retire()
        sockets.giveFilesAway()
        upkeep.store?.handOver { [mailbox] in mailbox?.send(.copiesRemoved) }
        watches.endTimer?.start(after: Int(settings.server.drainTimeout.milliseconds))
        broadcast(.drain(isHandover: true))
    }

    var isEnding: Bool { lifecycle.isEnding }

    func handoverFailed() { finishIfOver() }
}

extension Supervisor: TakeoverOwner {
    func acceptConnections() { broadcast(.accept) }

    func removeCopies() {
        loops.send(.removeCopies, to: 0)
        // If the old process has purged something while it could not reach the engine, this one reports it.
        fleet?.inheritPending()
    }

    func giveUp(_ reason: String) {
        log.event(.upgradeFailed, "\(reason)")
        lifecycle.fail()
        broadcast(.stop)
    }
}
