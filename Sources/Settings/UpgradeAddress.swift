/// Where a running Larder can be asked to hand over to a new process: an abstract unix socket named after its process.
public enum UpgradeAddress {
    private static let prefix = "larder-upgrade-"

    /// The name of the socket of a process.
    public static func name(of process: Int32) -> String { prefix + String(process) }

    /// The processes that can be asked, by a list of unix sockets in the form of `/proc/net/unix`, in order.
    public static func processes(in list: String) -> [Int32] {
        let names = list.split(separator: "\n").compactMap { $0.split(separator: " ").last }
        let processes = names.compactMap { name in
            name.hasPrefix("@" + prefix) ? Int32(name.dropFirst(prefix.count + 1)) : nil
        }
        return Set(processes).sorted()
    }
}
