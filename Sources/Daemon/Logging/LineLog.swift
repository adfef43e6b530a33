import Foundation
import Logging

/// Writes log records to standard error, a line each: as text for people, or as JSON for programs.
///
/// What may be logged is decided where it is logged; nothing here takes secrets out again.
struct LineLog: LogHandler {
    let format: Format
    var logLevel = Logger.Level.info
    var metadata = Logger.Metadata()

    enum Format: Sendable { case text, json }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }.sorted { $0.key < $1.key }.map {
            ($0.key, "\($0.value)")
        }
        let time = Date().formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
        var text: String
        switch format {
        case .text:
            text = "\(time) \(event.level.rawValue) \(event.message)"
            for (name, value) in all { text += " \(name)=\(value.contains(" ") ? "\"\(value)\"" : value)" }
        case .json:
            let members = [("time", time), ("level", event.level.rawValue), ("message", "\(event.message)")] + all
            text = "{" + members.map { "\(Self.quoted($0)):\(Self.quoted($1))" }.joined(separator: ",") + "}"
        }
        // One write for the line, so that lines of several threads do not mix.
        FileHandle.standardError.write(Data((Self.onOneLine(text) + "\n").utf8))
    }

    private static func onOneLine(_ text: String) -> String {
        text.contains { $0.isNewline } ? text.split(whereSeparator: \.isNewline).joined(separator: " ") : text
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where scalar.value < 0x20: out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

extension Logger {
    /// The log as the settings want it. Standard error is a terminal or it is not: `auto` means text or JSON after that.
    static func larder(_ settings: Settings.Log) -> Logger {
        let format: LineLog.Format =
            switch settings.format {
            case .text: .text
            case .json: .json
            case .auto: isatty(FileHandle.standardError.fileDescriptor) != 0 ? .text : .json
            }
        var handler = LineLog(format: format)
        handler.logLevel = Logger.Level(rawValue: settings.level.rawValue) ?? .info
        return Logger(label: "larder", factory: { _ in handler })
    }
}
