import EventLoop
import FoundationEssentials
import Glibc

extension TerminalStyle {
    /// The style for this process's standard output.
    public static var ofStandardOutput: TerminalStyle {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let size = TerminalSize(of: STDOUT_FILENO).map { (columns: $0.columns, rows: $0.rows) }
        return of(
            ProcessInfo.processInfo.environment, size: isTerminal ? size ?? (columns: 80, rows: 24) : nil)
    }
}
