import Bytes
import EventLoop
import FoundationEssentials
import HTTPClient
import JSONDocument
import Settings

/// Whether an address is free to listen on, or which process has it.
enum PortCheck {
    private static let patience = 3_000

    /// The findings for each configured address.
    static func findings(_ address: ListenAddress) -> [Diagnosis] {
        let parts = address.each
        return parts.map { finding($0, isOptional: parts.count > 1) }
    }

    private static func finding(_ address: ListenAddress, isOptional: Bool) -> Diagnosis {
        switch address {
        case .unix(let path): unix(path)
        case .tcp(_, let port): tcp(address, port: port, isOptional: isOptional)
        }
    }

    private static func tcp(_ address: ListenAddress, port: Int, isOptional: Bool) -> Diagnosis {
        do {
            try ListeningSocket(SocketAddress(parsing: address.description), reusePort: false).close()
            return Diagnosis("listen", .ok, port == 0 ? "\(address): any free port" : "\(address) is free")
        } catch {
            let refusal = error as? UVError
            if isOptional, refusal == .addressNotAvailable || refusal == .familyNotSupported {
                return Diagnosis(
                    "listen", .skip, "\(address): this machine has no such address; localhost uses the other one")
            }
            if refusal == .addressInUse { return taken(by: LarderAddress("\(reachable(address))"), address) }
            return Diagnosis("listen", .fail, "\(address): \(error); choose another address with --listen or `listen`")
        }
    }

    /// A socket that listens on every address is queried on the loopback address.
    private static func reachable(_ address: ListenAddress) -> ListenAddress {
        guard case .tcp(let host, let port) = address else { return address }
        return host == "0.0.0.0" || host == "::" ? .tcp(host: host == "::" ? "::1" : "127.0.0.1", port: port) : address
    }

    private static func unix(_ path: String) -> Diagnosis {
        let name = "unix:\(path)"
        let folder = path.contains("/") ? String(path[..<path.lastIndex(of: "/")!]) : "."
        let isWritable = FileManager.default.isWritableFile(atPath: folder.isEmpty ? "/" : folder)
        switch SocketPath(path) {
        case .free where isWritable: return Diagnosis("listen", .ok, "\(name) is free")
        case .free:
            return Diagnosis("listen", .fail, "\(name): \(folder) does not exist or is not writable; fix that first")
        case .stale where isWritable:
            return Diagnosis("listen", .ok, "\(name) is left from an earlier process; Larder will replace it")
        case .stale:
            return Diagnosis(
                "listen", .fail,
                "\(name) is left from an earlier process, and \(folder) is not writable: remove the socket, or make the "
                    + "folder writable")
        case .notASocket:
            return Diagnosis(
                "listen", .fail,
                "\(name): there is a file or a folder that is not a socket, and Larder does not replace it; remove it, or "
                    + "choose another path")
        case .closed(let reason):
            return Diagnosis(
                "listen", .fail,
                "\(name): \(reason); run this as the user of Larder, or choose another path with --listen or `listen`")
        case .taken:
            let finding = taken(by: .unix(path: path), .unix(path: path))
            if finding.verdict == .ok { return finding }
            guard let response = try? LarderClient.ask(.unix(path: path), "/healthz", timeout: patience) else {
                return Diagnosis(
                    "listen", .fail,
                    "\(name) is in use by a program that accepts connections and does not answer: stop it, or choose "
                        + "another path (`ss -xlp` shows the program)")
            }
            return Diagnosis(
                "listen", .fail,
                "\(name) is in use by another server, which answers \(response.status): stop it, or choose another path"
            )
        }
    }

    /// Asks the process that listens there to identify itself.
    private static func taken(by server: LarderAddress?, _ address: ListenAddress) -> Diagnosis {
        let inUse = Diagnosis(
            "listen", .fail,
            "\(address) is in use by another program: stop it, or choose another address with --listen or `listen`")
        guard let server else { return inUse }
        if let status = try? LarderClient.ask(server, "/_larder/status", timeout: patience) {
            let root = (try? JSONDocument(parsing: status.body.span))?.root
            if let version = root?["version"]?.string {
                let process = root?["pid"]?.rawNumber.map { " (pid \($0))" } ?? ""
                return Diagnosis("listen", .ok, "\(address) is served by Larder \(version)\(process)")
            }
            // A server without such a page answers in its own words.
            if ErrorBody.message(status.body)?.hasPrefix("larder has ") == true {
                return Diagnosis("listen", .ok, "\(address) is served by a Larder of unknown version")
            }
        }
        return inUse
    }
}
