import EventLoop
import Settings

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
                "process \(old) cannot be upgraded: it is no running Larder, or one of another container")
        }
        defer { socket.close() }
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
