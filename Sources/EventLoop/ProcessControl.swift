internal import CUV
import Glibc

/// Calls a closure on the loop whenever the process receives a signal.
@safe public final class SignalWatch {
    private let raw: UnsafeMutablePointer<uv_signal_t>
    private let loop: Loop
    private var fire: (() -> Void)?
    private var isClosed = false

    /// Watches `signal` (such as `SIGTERM`) from now on, instead of its default action.
    public init(on loop: Loop, signal: Int32, _ fire: @escaping () -> Void) throws(UVError) {
        self.loop = loop
        self.fire = fire
        unsafe raw = .allocate(capacity: 1)
        unsafe uv_signal_init(loop.raw, raw)
        // libuv owns this reference until `signalClosed`.
        unsafe raw.pointee.data = Unmanaged.passRetained(self).toOpaque()
        loop.openHandles += 1
        let code = unsafe uv_signal_start(raw, signalReceived, signal)
        if code < 0 {
            close()
            throw UVError(rawValue: code)
        }
    }

    deinit { unsafe raw.deallocate() }

    /// Stops watching. Further calls do nothing.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        unsafe uv_close(UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self), signalClosed)
    }

    fileprivate func fired() { fire?() }

    fileprivate func closed() {
        fire = nil
        loop.openHandles -= 1
    }
}

// MARK: C callbacks

private func signalReceived(_ handle: UnsafeMutablePointer<uv_signal_t>?, _ signal: Int32) {
    unsafe Unmanaged<SignalWatch>.fromOpaque(handle!.pointee.data).takeUnretainedValue().fired()
}

private func signalClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    unsafe Unmanaged<SignalWatch>.fromOpaque(handle!.pointee.data).takeRetainedValue().closed()
}

// MARK: Signals

/// Makes a write to a connection that the peer has closed fail with an error instead of killing the process. Call it at
/// start-up.
public func ignoreBrokenPipes() {
    _ = signal(SIGPIPE, SIG_IGN)
}

/// Sends a signal to a process.
public func sendSignal(_ signal: Int32, to process: Int32) { _ = kill(process, signal) }

/// Blocks signals: one that arrives from now on is delivered after it is released, and only once however often it came.
/// This applies to this thread and the threads that it starts, so call it before starting any.
public func holdSignals(_ signals: [Int32]) { mask(signals, SIG_BLOCK) }

/// Unblocks signals and delivers the pending ones. Call it on the thread that blocked them.
public func releaseSignals(_ signals: [Int32]) { mask(signals, SIG_UNBLOCK) }

private func mask(_ signals: [Int32], _ how: Int32) {
    var set = sigset_t()
    unsafe sigemptyset(&set)
    for signal in signals { unsafe sigaddset(&set, signal) }
    unsafe pthread_sigmask(how, &set, nil)
}

// MARK: Programs

/// How a program was started, so that it can be started anew: with the same arguments, and from the same path, where a
/// newer file may be by then.
public struct ProgramLaunch: Sendable {
    /// The path of the program.
    public let path: String
    private let arguments: [String]
    private let environment: [String: String]

    /// How this process was started: its arguments, the name of the program first, and its environment. Call it at the
    /// start, before its file can be replaced. Nil if the system does not say where the file is.
    public init?(arguments: [String], environment: [String: String]) {
        guard let running = Self.target(ofLink: "/proc/self/exe") else { return nil }
        let name = arguments.first ?? ""
        // A link that is changed to another release leads there.
        path = Self.candidates(name, environment).first { Self.isSame($0, "/proc/self/exe") } ?? running
        self.arguments = arguments
        self.environment = environment
    }

    private static func candidates(_ name: String, _ environment: [String: String]) -> [String] {
        if name.hasPrefix("/") { return [name] }
        if name.contains("/") { return target(ofLink: "/proc/self/cwd").map { [$0 + "/" + name] } ?? [] }
        return (environment["PATH"] ?? "").split(separator: ":").filter { $0.hasPrefix("/") }.map { "\($0)/\(name)" }
    }

    private static func target(ofLink path: String) -> String? {
        unsafe withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 1) { room in
            let size = unsafe readlink(path, room.baseAddress!.assumingMemoryBound(to: CChar.self), room.count)
            return size > 0 && size < room.count ? unsafe String(decoding: room.prefix(size), as: UTF8.self) : nil
        }
    }

    private static func isSame(_ path: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard unsafe stat(path, &first) == 0, unsafe stat(other, &second) == 0 else { return false }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }

    /// Starts the program in a process of its own, which is no child of this one and begins a process group, so that it
    /// can be killed with all that it has started. Its environment is that of this process, except for what `change`
    /// changes; `descriptors` become 3, 4 and so on. Returns its number. Takes milliseconds: do not call it on a loop
    /// that serves.
    public func start(
        passing descriptors: [Int32], environment change: (inout [String: String]) -> Void
    ) throws(UVError) -> Int32 {
        var variables = environment
        change(&variables)
        var given = descriptors
        let count = Int32(given.count)
        let process = unsafe withCStrings(arguments) { arguments in
            unsafe withCStrings(variables.map { "\($0.key)=\($0.value)" }) { variables in
                unsafe given.withUnsafeMutableBufferPointer { given in
                    unsafe shim_start_apart(path, arguments, variables, given.baseAddress, count)
                }
            }
        }
        if process < 0 { throw UVError(errno: errno) }
        return process
    }

    /// Kills a process that `start` has started, and all that it has started. Only as long as one of them runs.
    public static func kill(_ process: Int32) { _ = Glibc.kill(-process, SIGKILL) }
}

/// Calls `body` with the strings as C wants them: an array of pointers with nil at its end.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    let pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeBufferPointer { unsafe body($0.baseAddress!) }
}
