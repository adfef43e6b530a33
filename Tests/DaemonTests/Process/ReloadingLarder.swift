import Foundation
import Glibc
import TestSupport
import Testing

/// A Larder with a file of settings that a test can write anew, and have it read again.
final class ReloadingLarder {
    let process: LarderProcess
    private let folder: String
    private var reloads = 0

    /// Starts it before an origin with this text as its settings.
    init(
        before origin: ScriptedOrigin, _ text: String, _ arguments: [String] = [], environment: [String: String] = [:]
    ) throws {
        folder = "/tmp/larder-reload-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try text.write(toFile: folder + "/larder.toml", atomically: true, encoding: .utf8)
        process = try LarderProcess.serve(
            ["--config", folder + "/larder.toml", "--upstream", origin.url + "/api/v1"] + arguments,
            environment: environment)
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// The file of settings.
    var file: String { folder + "/larder.toml" }

    /// Writes the settings and has them read again; the lines that this made on standard error.
    @discardableResult
    func reload(_ text: String) throws -> [String] {
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return try reload()
    }

    /// Has the settings read again; the lines that this made on standard error.
    @discardableResult
    func reload() throws -> [String] {
        let before = process.child.lines(.error).count
        process.child.signal(SIGHUP)
        reloads += 1
        try eventually("reload \(reloads)") { reports(after: 0).count >= reloads }
        // Every loop has had the message when it has answered a request that was sent after the line was read.
        for _ in 0..<16 { #expect(try process.get("/healthz").status == 200) }
        return Array(process.child.lines(.error).dropFirst(before))
    }

    private func reports(after position: Int) -> [String] {
        process.child.lines(.error).dropFirst(position).filter {
            $0.contains(#""event":"reloaded""#) || $0.contains(#""event":"reload-refused""#)
        }
    }

    func get(_ target: String, _ fields: MessageFields = [:]) throws -> RawResponse {
        try process.get(target, fields)
    }

    /// Whether web pages of other origins may read the list.
    func allowsOthers() throws -> Bool { try get("/models").fields["Access-Control-Allow-Origin"] != nil }

    /// The number of descriptors that the process has open.
    func descriptors() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(process.child.id)/fd").count
    }

    /// What its cache holds.
    func cacheFigure(_ name: String) throws -> Int {
        let body = try process.get("/_larder/status").body
        let page = try #require(try JSONSerialization.jsonObject(with: Data(body)) as? [String: Any])
        return try #require((page["cache"] as? [String: Any])?[name] as? Int, "\(page)")
    }
}
