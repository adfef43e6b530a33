import Foundation
import TestSupport
import Testing

extension LarderProcess {
    /// What the process has in memory now, in bytes.
    func residentBytes() throws -> Int {
        let pages = try String(contentsOfFile: "/proc/\(child.id)/statm", encoding: .utf8).split(separator: " ")[1]
        return try #require(Int(pages)) * 4096
    }

    /// The most that it ever had in memory, in bytes.
    func mostResidentBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(child.id)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        return try #require(line.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }) * 1024
    }
}
