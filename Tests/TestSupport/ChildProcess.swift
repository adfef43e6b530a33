import Glibc

/// A program that a test starts, talks to by signals and reads the lines of.
///
/// Each stream has a thread that reads it, and one more waits for the end, so nothing is left behind as a zombie. The program
/// is killed when the last reference goes.
public final class ChildProcess: Sendable {
    /// How a program ended.
    public enum Ending: Sendable, Equatable {
        /// It exited with this status.
        case exited(Int32)
        /// A signal of this number ended it.
        case signalled(Int32)
    }

    /// Which of its streams a line came from.
    public enum Stream: Sendable {
        /// Standard output.
        case output
        /// Standard error.
        case error
    }

    private struct State {
        var lines: [(stream: Stream, text: String)] = []
        var openStreams = 2
        var ending: Ending?
    }

    /// Its process id. Once it has ended the number may be somebody else's: signal through this object.
    public let id: Int32
    private let state = Monitor(State())

    /// Starts `path` with `arguments` (its own name apart) and precisely this environment, with no standard input.
    /// `passing` become its descriptors 3, 4 and so on; it gets no others.
    public init(
        _ path: String, _ arguments: [String] = [], environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        passing descriptors: [Int32] = []
    ) throws {
        let output = try Pipe()
        let error = try Pipe()
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output.writing, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, error.writing, 2)
        // Out of the way first: a source may lie where an earlier target goes.
        for (index, descriptor) in descriptors.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(1000 + index))
        }
        for index in descriptors.indices {
            unsafe posix_spawn_file_actions_adddup2(&actions, Int32(1000 + index), Int32(3 + index))
        }
        // Other tests open descriptors all the time, and a moment passes before one is marked close-on-exec. Closing one
        // that is not open does no harm here.
        for other in Int32(3 + descriptors.count)..<1024 {
            unsafe posix_spawn_file_actions_addclose(&actions, other)
        }

        // Swift's pool of threads blocks signals, which a child would inherit.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))

        var started: pid_t = 0
        let variables = environment.map { "\($0.key)=\($0.value)" }
        let result = unsafe withCStrings([path] + arguments) { arguments in
            unsafe withCStrings(variables) { variables in
                unsafe posix_spawn(&started, path, &actions, &attributes, arguments, variables)
            }
        }
        output.closeWriting()
        error.closeWriting()
        guard result == 0 else {
            output.closeReading()
            error.closeReading()
            throw SocketError("start \(path)", result)
        }
        let child = started
        id = child

        let state = state
        for (pipe, stream) in [(output, Stream.output), (error, .error)] {
            startThread {
                pipe.readLines { line in state.withValue { $0.lines.append((stream, line)) } }
                state.withValue { $0.openStreams -= 1 }
            }
        }
        startThread {
            // Looks first and reaps under the lock, so that `signal` never meets a number that was given out anew.
            var information = unsafe siginfo_t()
            while unsafe waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) != 0 && errno == EINTR {}
            state.withValue { $0.ending = reap(child) }
        }
    }

    deinit { signal(SIGKILL) }

    /// Every line so far of one stream, or of both.
    public func lines(_ stream: Stream? = nil) -> [String] {
        state.withValue { state in state.lines.filter { stream == nil || $0.stream == stream }.map(\.text) }
    }

    /// Waits for a line that contains `text`, on either stream, and answers it; also one that came before the call.
    @discardableResult
    public func waitForLine(containing text: String, timeout: Duration = .hang) throws -> String {
        let found: String?? = state.wait(timeout) { state in
            if let line = state.lines.first(where: { $0.text.contains(text) }) { return .some(line.text) }
            return state.openStreams == 0 ? .some(nil) : nil
        }
        if let line = found ?? nil { return line }
        throw TimedOut("a line with “\(text)” among: \(lines().joined(separator: "\n"))", after: timeout)
    }

    /// Sends a signal, if it still runs.
    public func signal(_ number: Int32) {
        state.withValue { if $0.ending == nil { _ = kill(id, number) } }
    }

    /// Waits for its end and for the last of its output.
    @discardableResult
    public func waitForExit(timeout: Duration = .hang) throws -> Ending {
        let ending = state.wait(timeout) { $0.openStreams == 0 ? $0.ending : nil }
        guard let ending else { throw TimedOut("the end of process \(id)", after: timeout) }
        return ending
    }

    /// Waits for its end. Throws an error with the last lines of both streams if it does not exit with `status`: a
    /// sanitizer's report, for example.
    public func expectExit(_ status: Int32 = 0) throws {
        let ending = try waitForExit()
        guard ending != .exited(status) else { return }
        throw OtherEnding(ending: ending, expected: .exited(status), lines: lines().suffix(200))
    }

    /// How it ended; nil while it runs.
    public var ending: Ending? { state.withValue { $0.ending } }

    /// Runs a program to its end: how it ended, and its output and errors as text.
    public static func run(
        _ path: String, _ arguments: [String] = [], environment: [String: String] = ["PATH": "/usr/bin:/bin"],
        timeout: Duration = .hang
    ) throws -> (ending: Ending, output: String, error: String) {
        let child = try ChildProcess(path, arguments, environment: environment)
        let ending = try child.waitForExit(timeout: timeout)
        return (
            ending, child.lines(.output).joined(separator: "\n"), child.lines(.error).joined(separator: "\n")
        )
    }
}

/// Makes an executable file of a text, such as a script.
///
/// Another process writes it. If this one did, a child that another test forks at that moment would have the file open
/// for writing until it runs its own program, and the system runs no file that is open for writing.
public func makeProgram(_ text: String, at path: String) throws {
    let command = "rm -f \"$0\" && printf %s \"$1\" >\"$0\" && chmod 755 \"$0\""
    let result = try ChildProcess.run("/bin/sh", ["-c", command, path, text])
    guard result.ending == .exited(0) else { throw NotMade(path: path, reason: result.error) }
}

/// A program has ended in another way than it should.
private struct OtherEnding: Error, CustomStringConvertible {
    let ending: ChildProcess.Ending
    let expected: ChildProcess.Ending
    let lines: ArraySlice<String>

    var description: String {
        "it ended with \(ending), not \(expected), after these lines:\n\(lines.joined(separator: "\n"))"
    }
}

private struct NotMade: Error {
    let path: String
    let reason: String
}

private func reap(_ child: pid_t) -> ChildProcess.Ending {
    var status: Int32 = 0
    while unsafe waitpid(child, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7f
    return signal == 0 ? .exited((status >> 8) & 0xff) : .signalled(signal)
}

/// Calls `body` with the strings as C wants them: an array of pointers with nil at its end.
private func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers = unsafe strings.map { unsafe strdup($0) } + [nil]
    defer { unsafe pointers.forEach { unsafe free($0) } }
    return unsafe pointers.withUnsafeMutableBufferPointer { unsafe body($0.baseAddress!) }
}
