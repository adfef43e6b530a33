import Foundation

/// What `gzip` makes of compressed bytes: another program's reading of them. It fails if that finds anything wrong.
public func unpacked(_ bytes: [UInt8]) throws -> [UInt8] {
    let file = FileManager.default.temporaryDirectory.appendingPathComponent(
        "larder-\(UInt64.random(in: 0 ... .max)).gz")
    try Data(bytes).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let program = Process()
    program.executableURL = URL(fileURLWithPath: "/usr/bin/gzip")
    program.arguments = ["-dc", file.path]
    let output = Foundation.Pipe()
    program.standardOutput = output
    try program.run()
    let all = try output.fileHandleForReading.readToEnd() ?? Data()
    program.waitUntilExit()
    guard program.terminationStatus == 0 else { throw NotGzip() }
    return Array(all)
}

/// The program would not read it.
public struct NotGzip: Error {}
