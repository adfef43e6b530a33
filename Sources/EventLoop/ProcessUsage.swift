internal import CUV
import Glibc

/// What this process uses of the machine, as the kernel has it now. Some of it is read from files: not for a loop's thread.
/// What cannot be had is nil.
public struct ProcessUsage: Sendable {
    /// User and system time since the process began.
    public let cpuNanoseconds: UInt64?
    /// Memory in RAM.
    public let residentBytes: UInt64?
    /// Open descriptors.
    public let openDescriptors: UInt64?

    /// The number of this process.
    public static var pid: Int { Int(getpid()) }

    /// Asks the kernel.
    public init() {
        var usage = uv_rusage_t()
        if unsafe uv_getrusage(&usage) == 0 {
            cpuNanoseconds = Self.nanoseconds(usage.ru_utime) + Self.nanoseconds(usage.ru_stime)
        } else {
            cpuNanoseconds = nil
        }
        var resident = 0
        residentBytes = unsafe uv_resident_set_memory(&resident) == 0 ? UInt64(resident) : nil
        openDescriptors = Self.countDescriptors()
    }

    private static func nanoseconds(_ time: uv_timeval_t) -> UInt64 {
        UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_usec) * 1000
    }

    /// Counts names instead of listing them: with thousands of connections there are thousands.
    private static func countDescriptors() -> UInt64? {
        guard let folder = unsafe opendir("/proc/self/fd") else { return nil }
        defer { unsafe closedir(folder) }
        var names: UInt64 = 0
        while unsafe readdir(folder) != nil { names += 1 }
        // Neither `.` and `..` nor the descriptor of the folder itself.
        return names > 3 ? names - 3 : 0
    }
}
