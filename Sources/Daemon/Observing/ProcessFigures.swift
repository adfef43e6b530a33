import FoundationEssentials
import Glibc

/// What the kernel knows of this process. What cannot be read is nil.
struct ProcessFigures {
    /// User and system time.
    let cpuSeconds: Double?
    /// Memory in RAM.
    let residentBytes: UInt64?
    /// Open descriptors.
    let openDescriptors: UInt64?

    static var pid: Int { Int(getpid()) }

    init() {
        // The name in parentheses may hold anything, so fields are counted from behind it: the state is the first, user
        // and system time, in ticks, are the 12th and 13th (proc(5)).
        let stat = Self.read("/proc/self/stat").flatMap { $0.split(separator: ")").last }?.split(separator: " ") ?? []
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        if stat.count > 12, let user = Double(stat[11]), let system = Double(stat[12]), ticks > 0 {
            cpuSeconds = (user + system) / ticks
        } else {
            cpuSeconds = nil
        }
        // Sizes are in pages; the second is what is resident.
        let pages = Self.read("/proc/self/statm")?.split(separator: " ").dropFirst().first.flatMap { UInt64($0) }
        residentBytes = pages.map { $0 * UInt64(sysconf(Int32(_SC_PAGESIZE))) }
        openDescriptors = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")).map {
            UInt64($0.count)
        }
    }

    private static func read(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}
