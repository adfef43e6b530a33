import EventLoop
import Glibc
import Persistence
import Settings

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
        endTimer?.start(after: Int(settings.server.drainTimeout.milliseconds))
        broadcast(.drain(isHandover: true))
    }
}

extension Supervisor: TakeoverOwner {
    func acceptConnections() { broadcast(.accept) }

    func removeCopies() { loops.send(.removeCopies, to: 0) }

    func giveUp(_ reason: String) {
        log.event(.upgradeFailed, "\(reason)")
        lifecycle.fail()
        broadcast(.stop)
    }
}
