import EventLoop
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
        let ends = ContinuousClock.now + .milliseconds(patience)
        var answered = true
        while ContinuousClock.now < ends {
            usleep(UInt32(pause) * 1000)
            guard isLarder(pid) else {
                throw .failed(
                    "\(process.name) ended after it got SIGHUP: its log says why; start it again with `larder serve`")
            }
            let now = RunningProcess(at: address)
            answered = now != nil
            guard let now, let reloads = now.reloads else { continue }
            guard now.pid == process.pid else {
                throw .failed(
                    "another process answers at \(address) now, \(now.shortName): it read the settings when it "
                        + "started; `larder check` says whether they are valid")
            }
            guard reloads != before else { continue }
            if let refusal = now.refusal {
                throw .refused("keeping the old settings: \(DisplayText.printable(refusal))")
            }
            let waiting = now.waiting.map(DisplayText.printable).joined(separator: ", ")
            return waiting.isEmpty
                ? "reloaded the settings of \(process.name)"
                : "reloaded the settings of \(process.name); these take effect only after a restart: \(waiting)"
        }
        let seconds = patience / 1_000
        throw .failed(
            answered
                ? "\(process.name) got SIGHUP and did not report a reload within \(seconds) s, so it is not known whether "
                    + "the new settings are in effect: look at its log and at `larder status`, or run this again"
                : "\(process.name) got SIGHUP and has not answered for \(seconds) s: it still runs, so look at its log; if "
                    + "it does not recover, restart it")
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

/// `larder upgrade`: asks a running Larder to hand over to a new process, and waits until that one serves.
public enum UpgradeRequest {
    /// Asks the process, or the only one there is. Returns the line to print.
    public static func run(process: Int32?) throws(ClientFailure) -> String {
        let old: Int32
        if let process { old = process } else { old = try onlyProcess() }
        let socket: MessageSocket
        do throws(UVError) {
            socket = try MessageSocket.connect(name: UpgradeAddress.name(of: old))
        } catch {
            throw ClientFailure(
                "process \(old) cannot be upgraded: it is not a running Larder, or it runs in another container")
        }
        defer { socket.close() }
        // Any user of this machine can take a name that is free.
        guard socket.peer?.process == old else {
            throw ClientFailure("process \(old) cannot be upgraded: another process answers in its name")
        }
        while true {
            // It has a time limit of its own.
            switch socket.receive(waiting: 60_000) {
            case .message(let text):
                guard let new = Int32(text) else { throw ClientFailure("the upgrade \(text)") }
                return "process \(new) serves now; process \(old) ends when its requests in flight are finished"
            case .nothing: continue
            case .end:
                throw ClientFailure(
                    "process \(old) did not upgrade: it belongs to another user, or is about to end; see its log")
            }
        }
    }

    private static func onlyProcess() throws(ClientFailure) -> Int32 {
        let processes = UpgradeAddress.processes(in: ListeningName.list())
        if let only = processes.first, processes.count == 1 { return only }
        guard !processes.isEmpty else {
            throw ClientFailure("no Larder runs here that can be upgraded; start one with `larder serve`")
        }
        let numbers = processes.map(String.init).joined(separator: ", ")
        throw ClientFailure("several Larders run here: choose one with --pid: \(numbers)")
    }
}
