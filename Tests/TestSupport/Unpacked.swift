import Foundation

/// What the coding's own program makes of compressed bytes, `gzip` or `br`. It fails if that finds anything wrong.
public func unpacked(_ bytes: [UInt8], _ coding: String = "gzip") throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
        "larder-\(UInt64.random(in: 0 ... .max)).\(coding == "br" ? "br" : "gz")")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let program = Process()
    program.executableURL = URL(fileURLWithPath: coding == "br" ? "/usr/bin/brotli" : "/usr/bin/gzip")
    program.arguments = ["-dc", file.path]
    let output = Foundation.Pipe()
    program.standardOutput = output
    try program.run()
    let all = try output.fileHandleForReading.readToEnd() ?? Data()
    program.waitUntilExit()
    guard program.terminationStatus == 0 else { throw NotCompressed() }
    return Array(all)
}

/// The program would not read it.
public struct NotCompressed: Error {}
