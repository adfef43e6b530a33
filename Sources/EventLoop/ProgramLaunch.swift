internal import CUV
import Glibc

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

/// Sends a signal to a process.
public func sendSignal(_ signal: Int32, to process: Int32) { _ = kill(process, signal) }
