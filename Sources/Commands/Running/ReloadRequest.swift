internal import FoundationEssentials
import Glibc
public import Settings

/// Makes a running Larder read its settings again, as `larder reload` does, and waits for the result.
public enum ReloadRequest {
    /// Why it did not work.
    public enum Problem: Error, Sendable, Equatable {
        /// The process could not be asked or told.
        case failed(String)
        /// It has read the settings, and they are not valid.
        case refused(String)
    }

    /// How long the process may take, in milliseconds.
    private static let patience = 10_000
    private static let pause = 50

    /// Sends SIGHUP to the process that answers at an address, and waits until it has read its settings. Returns a
    /// sentence with the result.
    public static func run(_ address: LarderAddress) throws(Problem) -> String {
        guard let process = RunningProcess(at: address) else {
            throw .failed(
                "\(address): no Larder answers there; start one with `larder serve`, or give its address with --url")
        }
        guard let before = process.reloads, let pid = process.pid, pid > 0 else {
            throw .failed("\(process.name) does not report its reloads, so it is of another version: use kill -HUP")
        }
        try signal(pid, process)
        var waited = 0
        while waited < patience {
            usleep(UInt32(pause) * 1000)
            waited += pause
            guard let now = RunningProcess(at: address), let reloads = now.reloads, reloads != before else { continue }
            if let refusal = now.refusal {
                throw .refused("keeping the old settings: \(DisplayText.printable(refusal))")
            }
            let waiting = now.waiting.map(DisplayText.printable).joined(separator: ", ")
            return waiting.isEmpty
                ? "reloaded the settings of \(process.name)"
                : "reloaded the settings of \(process.name); these take effect only after a restart: \(waiting)"
        }
        throw .failed("\(process.name) got SIGHUP, but did not read its settings within \(patience / 1000) s")
    }

    /// The number is only right in the process's own name space: elsewhere it may be any other process, which SIGHUP
    /// would end.
    private static func signal(_ pid: Int, _ process: RunningProcess) throws(Problem) {
        guard isLarder(pid) else {
            throw .failed(
                "\(process.name) is not a process of this machine, or runs in a container: run this command there "
                    + "(docker exec NAME larder reload), or send the signal to the container (docker kill -s HUP NAME)")
        }
        guard kill(pid_t(pid), SIGHUP) == 0 else {
            let reason =
                errno == EPERM ? "it belongs to another user: run this as that user or as root" : "error \(errno)"
            throw .failed("cannot signal \(process.name): \(reason)")
        }
    }

    /// Whether a process of this machine is a Larder, by the name of its main thread.
    private static func isLarder(_ pid: Int) -> Bool {
        guard let data = FileManager.default.contents(atPath: "/proc/\(pid)/comm") else { return false }
        return String(decoding: data, as: UTF8.self).hasPrefix("larder")
    }
}
