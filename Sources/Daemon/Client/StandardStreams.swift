import EventLoop
import Glibc

/// Standard error, for what goes wrong before there is a log.
public enum StandardError {
    /// Writes one line, which says who speaks; what breaks lines within it becomes a space. Where nobody reads, it is lost.
    public static func write(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        let bytes = Array("larder: \(line)\n".utf8)
        writeAll(bytes.span, to: STDERR_FILENO)
    }
}

/// Standard output, for bytes that are not to be changed.
public enum StandardOutput {
    /// Writes all of them; what nobody reads any more is left out.
    public static func write(_ bytes: [UInt8]) { writeAll(bytes.span, to: STDOUT_FILENO) }
}
