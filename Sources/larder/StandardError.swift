import Foundation

/// Standard error, for what goes wrong before there is a log.
enum StandardError {
    /// Writes one line, which says who speaks; what breaks lines within it becomes a space.
    static func write(_ message: String) {
        let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
        try? FileHandle.standardError.write(contentsOf: Data("larder: \(line)\n".utf8))
    }
}
