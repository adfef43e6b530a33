import Bytes
internal import FoundationEssentials
import HTTPClient
import JSONDocument
public import Settings

/// Gathers what is needed to find a fault of a running Larder into one JSON file without secrets, as
/// `larder support-bundle` does.
public enum SupportBundle {
    /// The parts that the process answers with JSON.
    private static let parts = [
        ("status", "/_larder/status"), ("settings", "/_larder/settings"), ("events", "/_larder/events"),
    ]

    /// The bundle of the process at an address, as JSON. A part that it does not have is null, with the reason in
    /// `problems`. `time` is in Unix seconds.
    public static func make(_ address: LarderAddress, time: Int64) throws(ClientFailure) -> [UInt8] {
        var out = ByteBuilder(capacity: 64 << 10)
        var clock = ByteBuilder(capacity: 24)
        Timestamp.append(time, to: &clock)
        out.append("{\"bundle\":1,\"time\":")
        append(clock.span.text(), to: &out)
        out.append(",\"url\":")
        append("\(address)", to: &out)
        out.append(",\"versions\":{\"larder\":")
        append(version, to: &out)
        for (name, text) in machine {
            out.append(",\"")
            out.append(utf8: name)
            out.append("\":")
            append(text, to: &out)
        }
        out.append("}")
        var problems: [String] = []
        for (name, path) in parts {
            out.append(",\"")
            out.append(utf8: name)
            out.append("\":")
            if let body = part(path, of: address, isJSON: true, &problems) {
                out.append(body.span)
            } else {
                out.append("null")
            }
        }
        out.append(",\"metrics\":")
        if let metrics = part("/metrics", of: address, isJSON: false, &problems) {
            append(metrics.span.text(), to: &out)
        } else {
            out.append("null")
        }
        // Without any part there is nothing to pass on.
        if problems.count == parts.count + 1, let first = problems.first { throw ClientFailure(first) }
        out.append(",\"problems\":[")
        for (index, problem) in problems.enumerated() {
            if index > 0 { out.append(",") }
            append(problem, to: &out)
        }
        out.append("]}\n")
        return out.span.copied()
    }

    /// The process's answer; nil if there is none that can be used, with the reason in `problems`.
    private static func part(
        _ path: String, of address: LarderAddress, isJSON: Bool, _ problems: inout [String]
    ) -> SharedBytes? {
        do throws(ClientFailure) {
            let response = try LarderClient.ask(address, path, timeout: patience)
            guard response.status == 200 else { throw ClientFailure(response, at: address) }
            guard !isJSON || (try? JSONDocument(parsing: response.body.span)) != nil else {
                throw ClientFailure("\(address) did not answer with JSON")
            }
            return response.body
        } catch {
            problems.append("\(path): \(error)")
            return nil
        }
    }

    /// How long an answer may take, in milliseconds.
    private static let patience = 10_000

    /// Writes a bundle to a file that only its owner can read; one that exists is not replaced.
    public static func write(_ bundle: [UInt8], to path: String) throws(ClientFailure) {
        let files = FileManager.default
        guard !files.fileExists(atPath: path) else {
            throw ClientFailure("\(path) exists already: choose another name")
        }
        guard files.createFile(atPath: path, contents: Data(bundle), attributes: [.posixPermissions: 0o600]) else {
            throw ClientFailure("cannot write \(path)")
        }
    }

    /// The name of the file if none is given.
    public static func fileName(time: Int64) -> String {
        var clock = ByteBuilder(capacity: 24)
        Timestamp.append(time, to: &clock)
        return "larder-support-\(clock.span.text().filter { $0 != ":" }).json"
    }

    /// The kernel and the distribution.
    private static var machine: [(String, String)] {
        func lines(_ path: String) -> [Substring] {
            String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self).split(separator: "\n")
        }
        let system = lines("/etc/os-release").first { $0.hasPrefix("PRETTY_NAME=") }
        return [
            ("kernel", lines("/proc/sys/kernel/osrelease").first.map(String.init) ?? "unknown"),
            ("system", system.map { $0.dropFirst(12).filter { $0 != "\"" } } ?? "unknown"),
        ]
    }

    private static func append(_ text: String, to out: inout ByteBuilder) {
        out.append("\"")
        out.append(jsonEscaped: Array(text.utf8).span)
        out.append("\"")
    }
}
