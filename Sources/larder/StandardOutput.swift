import Foundation

/// Standard output, for bytes that are not to be changed.
enum StandardOutput {
    /// Writes all of them; what nobody reads any more is left out.
    static func write(_ bytes: [UInt8]) {
        try? FileHandle.standardOutput.write(contentsOf: Data(bytes))
    }
}
