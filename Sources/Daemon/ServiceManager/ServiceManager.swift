import EventLoop
import Logging

/// What Larder reports to the service manager that started it, by the protocol of sd_notify(3). Without a manager, nothing.
///
/// Each message may wait for a second: it is for the main thread, which serves nothing.
struct ServiceManager {
    private var socket: NotifySocket?
    private let log: Logger

    /// How long the manager waits for a sign of life before it ends the process, in milliseconds; nil if it does not.
    let watchdog: Int?

    /// The manager that `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` of an environment name.
    init(environment: [String: String], processID: Int32, log: Logger) {
        self.log = log
        socket = environment["NOTIFY_SOCKET"].flatMap { name in
            do throws(UVError) {
                return try NotifySocket(name)
            } catch {
                log.event(
                    .notifyFailed, "cannot notify the service manager: NOTIFY_SOCKET=\(name): \(error)")
                return nil
            }
        }
        let isOurs = environment["WATCHDOG_PID"].map { $0 == String(processID) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { UInt64($0) } ?? 0
        watchdog = socket != nil && isOurs && microseconds > 0 ? Int(clamping: max(1, microseconds / 1_000)) : nil
    }

    /// Everything serves, for the first time or again after a reload. `status` is one line for `systemctl status`.
    func notifyReady(_ status: String) { notify("READY=1\nSTATUS=\(Self.line(status))") }

    /// The settings are being read again; `notifyReady` has to follow, even if they were refused.
    func notifyReloading() { notify("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds())") }

    /// Larder is about to end.
    func notifyStopping(_ status: String) { notify("STOPPING=1\nSTATUS=\(Self.line(status))") }

    /// The line for `systemctl status` has changed.
    func notifyStatus(_ status: String) { notify("STATUS=\(Self.line(status))") }

    /// Another process is the main one of the service from now on. Only the main process may say that, and from now on
    /// only the other one may send anything (`NotifyAccess=main`).
    mutating func notifyMain(_ process: Int32) {
        notify("MAINPID=\(process)")
        socket = nil
    }

    /// Every loop still turns.
    func notifyAlive() { notify("WATCHDOG=1") }

    private func notify(_ message: String) {
        guard let socket else { return }
        do throws(UVError) {
            try socket.send(message)
        } catch {
            log.event(.notifyFailed, "cannot notify the service manager of \(message.prefix { $0 != "\n" }): \(error)")
        }
    }

    /// A line break would begin another message.
    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

/// Whether every loop still turns: all are asked in a round, and the round is over when the last of them has answered.
struct Heartbeat {
    private var living: Set<Int>
    private var awaited: Set<Int> = []

    init(loops: Int) { living = Set(0..<loops) }

    /// The loops that have not answered yet, in order.
    var silent: [Int] { awaited.sorted() }

    /// Begins a round: the loops to ask. None while the last round is not over, so that no questions pile up before a loop
    /// that hangs.
    mutating func begin() -> [Int] {
        guard awaited.isEmpty else { return [] }
        awaited = living
        return living.sorted()
    }

    /// A loop has answered; whether it was the last to do so.
    mutating func answered(_ loop: Int) -> Bool { awaited.remove(loop) != nil && awaited.isEmpty }

    /// A loop has come to its end in good order, and is waited for no more; whether that ended the round.
    mutating func ended(_ loop: Int) -> Bool {
        living.remove(loop)
        return answered(loop)
    }
}

/// The periodic question to all loops whether they still run, for a service manager that wants to know. A timer on the
/// main thread alone would go on while a loop hangs.
struct Watchdog {
    var manager: ServiceManager
    var heartbeat: Heartbeat
    var timer: LoopTimer?

    /// Asks nothing yet.
    init(_ manager: ServiceManager, loops: Int) {
        self.manager = manager
        heartbeat = Heartbeat(loops: loops)
    }
}
