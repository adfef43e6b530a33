internal import CUV
import Glibc

/// The resources that this process uses now, as the kernel reports them. Some are read from files: not for a loop's
/// thread. A value that is unavailable is nil.
public struct ProcessUsage: Sendable {
    /// User and system time since the process began.
    public let cpuNanoseconds: UInt64?
    /// Memory in RAM.
    public let residentBytes: UInt64?
    /// Memory that is mapped, whether it is in RAM or not.
    public let virtualBytes: UInt64?
    /// Open descriptors.
    public let openDescriptors: UInt64?
    /// The most descriptors that may be open.
    public let maximumDescriptors: UInt64?

    /// The number of this process.
    public static var pid: Int { Int(getpid()) }

    /// When this process was started, in Unix seconds; nil if it is not known.
    public static let started: Int64? = {
        // Field 22, in ticks since the machine was started. The name, in parentheses, is the one field with spaces.
        let fields = wordsOfFile("/proc/self/stat", after: UInt8(ascii: ")"))
        guard fields.count > 19, let ticks = Double(fields[19]) else { return nil }
        var sinceBoot = timespec()
        guard unsafe clock_gettime(CLOCK_BOOTTIME, &sinceBoot) == 0 else { return nil }
        let age =
            Double(sinceBoot.tv_sec) + Double(sinceBoot.tv_nsec) / 1e9 - ticks / Double(sysconf(Int32(_SC_CLK_TCK)))
        return Int64(Double(time(nil)) - max(0, age))
    }()

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
        let pages = wordsOfFile("/proc/self/statm").first.flatMap { UInt64($0) }
        virtualBytes = pages.map { $0 * UInt64(sysconf(Int32(_SC_PAGESIZE))) }
        openDescriptors = Self.countDescriptors()
        var limit = rlimit()
        let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        maximumDescriptors = unsafe getrlimit(descriptors, &limit) == 0 ? UInt64(limit.rlim_cur) : nil
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

/// The words of a short file such as those in `/proc`, after the last `mark` if there is one; none if it cannot be read.
private func wordsOfFile(_ path: String, after mark: UInt8? = nil) -> [String] {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { _ = close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 1024)
    let count = unsafe bytes.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
    guard count > 0 else { return [] }
    let text = bytes[..<count]
    let start = mark.flatMap { text.lastIndex(of: $0) }.map { $0 + 1 } ?? 0
    return text[start...].split { $0 == 0x20 || $0 == 0x0A }.map { String(decoding: $0, as: UTF8.self) }
}

/// Whether standard error is the journal's stream. `value` is the environment variable `JOURNAL_STREAM`: the device and
/// the inode of that stream (systemd.exec(5)). A process whose standard error was redirected inherits the variable too.
public func isJournal(_ value: String?) -> Bool {
    guard let parts = value?.split(separator: ":"), parts.count == 2 else { return false }
    var status = stat()
    guard unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
    return parts[0] == String(status.st_dev) && parts[1] == String(status.st_ino)
}

/// Memory that the process holds without need.
public enum ProcessMemory {
    /// Gives memory that was freed back to the system, where the allocator has kept it and there are more than about
    /// `kept` bytes of it. It takes up to a millisecond, and other threads that allocate may wait for it: not for a
    /// loop's thread.
    public static func trim(keeping kept: Int = 0) {
        if kept == 0 || shim_idle_memory() > kept { shim_trim_heap() }
    }

    /// Gives back the pages of the program's own code.
    ///
    /// Starting runs through much of the program once: the runtime looks for types, settings and the command line are
    /// read. Pages still in use are read back from the file cache when touched, sixteen at a time; the rest no longer
    /// counts towards this process.
    public static func forgetStartCode() { shim_forget_code() }
}

/// Lets this process have up to `wanted` descriptors open, or as many as the hard limit permits.
///
/// The usual soft limit of 1,024 is there for programs that use `select`; one that does not may raise it as far as the
/// hard limit goes. Returns the new limit, which is never lower than the old one.
public func raiseDescriptorLimit(to wanted: Int) -> Int {
    let descriptors = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    var limit = rlimit()
    guard unsafe getrlimit(descriptors, &limit) == 0 else { return 0 }
    guard limit.rlim_cur < rlim_t(wanted) else { return Int(clamping: limit.rlim_cur) }
    let before = limit.rlim_cur
    limit.rlim_cur = min(rlim_t(wanted), limit.rlim_max)
    return unsafe setrlimit(descriptors, &limit) == 0 ? Int(clamping: limit.rlim_cur) : Int(clamping: before)
}

/// How many characters a terminal shows.
public struct TerminalSize: Sendable, Equatable {
    /// The characters of a line.
    public let columns: Int

    /// The lines.
    public let rows: Int

    /// The size of the terminal of a descriptor; nil if there is none, or its size is unknown.
    public init?(of descriptor: Int32) {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return nil
        }
        columns = Int(size.ws_col)
        rows = Int(size.ws_row)
    }
}

/// The names that this machine goes by: its host name, and the first label of it; none if the system does not report
/// them.
public func machineNames() -> [String] {
    var size = 256
    let name = unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: size) { room in
        let code = unsafe uv_os_gethostname(room.baseAddress, &size)
        return code == 0 ? unsafe String(cString: room.baseAddress!) : ""
    }
    guard let label = name.split(separator: ".").first else { return [] }
    return label.count == name.count ? [name] : [name, String(label)]
}

/// Gives the descriptors 0 to 2 that are closed something harmless, so that no file or socket of ours gets such a number: what is
/// meant for standard error would be written into it. Call it first of all, before anything is opened.
public func fillStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) < 0 {
        // The system assigns the lowest free number, which is this one. Without /dev, a directory takes the number;
        // nothing can be written to it.
        if unsafe open("/dev/null", O_RDWR) < 0 { _ = unsafe open("/", O_RDONLY | O_DIRECTORY) }
    }
}

/// An error of the operating system or libuv: libuv's code, a negative number.
public struct UVError: Error, RawRepresentable, Hashable, CustomStringConvertible {
    /// libuv's code, such as -98 (`UV_EADDRINUSE` on Linux).
    public let rawValue: Int32

    /// A code as libuv returned it.
    public init(rawValue: Int32) { self.rawValue = rawValue }

    /// The code of an `errno`.
    public init(errno number: Int32) { rawValue = uv_translate_sys_error(number) }

    /// The code's short name, such as `EADDRINUSE`.
    public var name: String { unsafe text { unsafe uv_err_name_r(rawValue, $0, $1) } }

    /// libuv's own sentence for it, such as "address already in use".
    public var message: String { unsafe text { unsafe uv_strerror_r(rawValue, $0, $1) } }

    /// Sentence and name in one.
    public var description: String { "\(message) (\(name))" }

    /// The `_r` functions, because the others leak when they do not know the code.
    private func text(_ fill: (UnsafeMutablePointer<CChar>, Int) -> UnsafeMutablePointer<CChar>?) -> String {
        unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 128) { room in
            let start = room.baseAddress!
            return unsafe fill(start, room.count).map { unsafe String(cString: $0) } ?? "error \(rawValue)"
        }
    }
}

extension UVError {
    /// Another socket already listens there.
    public static let addressInUse = UVError(rawValue: UV_EADDRINUSE.rawValue)
    /// This machine has no such address.
    public static let addressNotAvailable = UVError(rawValue: UV_EADDRNOTAVAIL.rawValue)
    /// This machine has no addresses of that kind, such as IPv6.
    public static let familyNotSupported = UVError(rawValue: UV_EAFNOSUPPORT.rawValue)
    /// Nobody listens there.
    public static let connectionRefused = UVError(rawValue: UV_ECONNREFUSED.rawValue)
    /// Not now, but perhaps later.
    public static let tryAgain = UVError(rawValue: UV_EAGAIN.rawValue)
    /// The peer cut the connection with a reset.
    public static let connectionReset = UVError(rawValue: UV_ECONNRESET.rawValue)
    /// The peer no longer takes what we write.
    public static let brokenPipe = UVError(rawValue: UV_EPIPE.rawValue)
    /// The descriptor is not open.
    public static let badDescriptor = UVError(rawValue: UV_EBADF.rawValue)
    /// An argument is invalid here.
    public static let invalid = UVError(rawValue: UV_EINVAL.rawValue)
    /// A path or name is longer than the system takes.
    public static let nameTooLong = UVError(rawValue: UV_ENAMETOOLONG.rawValue)
    /// This process has as many descriptors open as it may.
    public static let tooManyFiles = UVError(rawValue: UV_EMFILE.rawValue)
}
