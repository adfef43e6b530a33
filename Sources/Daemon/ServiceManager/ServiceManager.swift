import EventLoop
import Logging

/// What Larder tells the service manager that started it, by the protocol of sd_notify(3). Without a manager, nothing.
///
/// Each message may wait for a second: it is for the main thread, which serves nothing.
struct ServiceManager {
    private let socket: NotifySocket?
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
                log.tell(
                    .notifyFailed, "cannot tell the service manager anything: NOTIFY_SOCKET=\(name): \(error)")
                return nil
            }
        }
        let isOurs = environment["WATCHDOG_PID"].map { $0 == String(processID) } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap { UInt64($0) } ?? 0
        watchdog = socket != nil && isOurs && microseconds > 0 ? Int(clamping: max(1, microseconds / 1_000)) : nil
    }

    /// Everything serves, for the first time or again after a reload. `status` is one line for `systemctl status`.
    func notifyReady(_ status: String) { tell("READY=1\nSTATUS=\(Self.line(status))") }

    /// The settings are being read again; `notifyReady` has to follow, even if they were refused.
    func notifyReloading() { tell("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds())") }

    /// Larder is about to end.
    func notifyStopping(_ status: String) { tell("STOPPING=1\nSTATUS=\(Self.line(status))") }

    /// The line for `systemctl status` has changed.
    func notifyStatus(_ status: String) { tell("STATUS=\(Self.line(status))") }

    /// Every loop still turns.
    func notifyAlive() { tell("WATCHDOG=1") }

    private func tell(_ message: String) {
        guard let socket else { return }
        do throws(UVError) {
            try socket.send(message)
        } catch {
            log.tell(.notifyFailed, "cannot tell the service manager \(message.prefix { $0 != "\n" }): \(error)")
        }
    }

    /// A line break would begin another message.
    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
