import EventLoop
import FoundationEssentials
import Glibc

/// What may be written to the output.
public struct TerminalStyle: Sendable, Equatable {
    /// The cells of a line; nil if lines may have any length, as in a file.
    package var width: Int?

    /// The lines of a screen; nil if there is no screen.
    package var height: Int?

    /// Whether colours and links may be written.
    package var isStyled: Bool

    /// The mark in place of text that was cut off.
    package var ellipsis: String

    /// No limits and nothing but text.
    package static let plain = TerminalStyle(width: nil, height: nil, isStyled: false, ellipsis: "...")

    /// The style for an output. `size` is nil if the output is not a terminal.
    ///
    /// `NO_COLOR` with any value and `TERM=dumb` keep escape sequences out; `COLUMNS` overrides the terminal's own
    /// width.
    package static func of(_ environment: [String: String], size: (columns: Int, rows: Int)?) -> TerminalStyle {
        guard let size else { return .plain }
        let wantsNone = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let isUTF8 = locale.lowercased().contains("utf-8") || locale.lowercased().contains("utf8")
        let columns = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        return TerminalStyle(
            width: columns ?? size.columns, height: size.rows,
            isStyled: !wantsNone && environment["TERM"] != "dumb" && environment["TERM"] != nil,
            ellipsis: isUTF8 ? "\u{2026}" : "...")
    }

    /// A text, cut to the width of a line.
    func fitted(_ text: String) -> String {
        width.map { DisplayText.cut(text, to: $0, ellipsis: ellipsis) } ?? text
    }

    /// A text with a colour and as a link, where both are possible.
    package func apply(_ colour: Colour?, link: String? = nil, to text: String) -> String {
        guard isStyled else { return text }
        var result = text
        if let colour { result = "\u{1B}[\(colour.rawValue)m\(result)\u{1B}[0m" }
        // OSC 8: the de facto standard for links in terminals.
        if let link { result = "\u{1B}]8;;\(link)\u{1B}\\\(result)\u{1B}]8;;\u{1B}\\" }
        return result
    }
}

/// A colour, or what comes near to one, by its number in "Select Graphic Rendition" (ECMA-48 section 8.3.117).
package enum Colour: Int, Sendable {
    case bold = 1
    case faint = 2
    case red = 31
    case green = 32
    case yellow = 33
}

extension TerminalStyle {
    /// The style for this process's standard output.
    public static var ofStandardOutput: TerminalStyle {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let size = TerminalSize(of: STDOUT_FILENO).map { (columns: $0.columns, rows: $0.rows) }
        return of(
            ProcessInfo.processInfo.environment, size: isTerminal ? size ?? (columns: 80, rows: 24) : nil)
    }
}

/// Standard error, for what goes wrong before there is a log.
public enum StandardError {
    /// Writes one line that begins with the program's name; line breaks in it become spaces. Without a reader, it is
    /// lost.
    public static func write(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        let bytes = Array("larder: \(line)\n".utf8)
        writeAll(bytes.span, to: STDERR_FILENO)
    }
}

/// Standard output.
public enum StandardOutput {
    /// Writes all bytes as they are. If that fails, the process ends with exit code 1: what follows would be lost, and a
    /// file that was cut must not look complete. Without a reader it ends without a message, as in `larder models | head`.
    public static func write(_ bytes: [UInt8]) {
        if writeAll(bytes.span, to: STDOUT_FILENO) { return }
        let reason = errno
        if reason != EPIPE {
            StandardError.write("cannot write to standard output: \(UVError(errno: reason).message)")
        }
        exit(EXIT_FAILURE)
    }

    /// Writes a line.
    public static func write(line: String) { write(Array((line + "\n").utf8)) }
}
