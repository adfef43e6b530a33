import Bytes
import EventLoop
import Glibc
import Logging
import Metrics
import Serving
import Settings
import Synchronization
import Threads

/// Formats each log record as a line, as text for people or as JSON for programs, and passes it to the writer.
///
/// The caller decides what may be logged; nothing here removes secrets.
struct LineLog: LogHandler {
    let format: LineFormat
    let writer: LogWriter
    /// Shared by all loggers, so that it can change for all of them.
    var logLevel: Logger.Level {
        get { writer.level.current }
        nonmutating set { writer.level.set(newValue) }
    }
    var metadata = Logger.Metadata()

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        var members = metadata.merging(event.metadata ?? [:]) { $1 }
        if let name = members["event"].flatMap({ LogEventName(rawValue: "\($0)") }), name.comesAgain {
            guard case .write(let heldBack) = writer.admit("\(event.message)") else { return }
            if heldBack > 0 { members["suppressed"] = "\(heldBack)" }
        }
        let all = members.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let message = "\(event.message)"
        let line = LogLine.text(
            format, level: event.level, message: message, metadata: all, hasPrefix: writer.hasPrefix)
        writer.write(event: Array(line.utf8).span)
        if event.level >= .warning {
            let kept = LogLine.text(.json, level: event.level, message: message, metadata: all)
            writer.recent.withLock { $0.add(kept) }
        }
    }
}

extension LineFormat {
    /// As the settings want it. `auto` means text if standard error is a terminal, else JSON.
    init(_ format: Settings.LogFormat) {
        switch format {
        case .text: self = .text
        case .json: self = .json
        case .auto: self = isatty(STDERR_FILENO) != 0 ? .text : .json
        }
    }
}

extension Logger {
    /// The log of the process, through its writer.
    static func larder(_ settings: Settings.Log, _ format: LineFormat, _ writer: LogWriter) -> Logger {
        let handler = LineLog(format: format, writer: writer)
        writer.level.set(settings.level)
        return Logger(label: "larder", factory: { _ in handler })
    }

    /// Logs an event by its name, which operators can rely on.
    func event(_ event: LogEventName, _ message: @autoclosure () -> Logger.Message, _ more: Logger.Metadata = [:]) {
        log(level: event.level, message(), metadata: more.merging(["event": "\(event.rawValue)"]) { $1 })
    }
}

/// Writes one record as a line, with its end. Whatever the texts contain, it stays one line, and one object if it is
/// JSON.
enum LogLine {
    static func text(
        _ format: LineFormat, level: Logger.Level, message: String, metadata: [(String, String)],
        hasPrefix: Bool = false
    ) -> String {
        // The same form as in the access log: universal time, in whole seconds.
        var clock = ByteBuilder(capacity: 24)
        Timestamp.append(Loop.wallSeconds, to: &clock)
        let time = clock.span.text()
        let prefix = hasPrefix ? "<\(level.journalNumber)>" : ""
        switch format {
        case .text:
            var text = "\(prefix)\(time) \(level.rawValue) \(printable(message))"
            for (name, value) in metadata { text += " \(name)=\(isPlain(value) ? value : quoted(value))" }
            return text + "\n"
        case .json:
            var text =
                "\(prefix){\(member("time", time)),\(member("level", level.rawValue)),\(member("message", message))"
            for (name, value) in metadata { text += ",\(member(name, value))" }
            return text + "}\n"
        }
    }

    /// The members that are numbers, in every line.
    static let numbers: Set<String> = [
        "age", "bytes", "copies", "count", "entries", "evicted", "lines", "refused", "seconds",
        "server.max_connections", "status", "suppressed",
        "workers",
    ]

    private static func member(_ name: String, _ value: String) -> String {
        "\(quoted(name)):\(numbers.contains(name) && Int(value) != nil ? value : quoted(value))"
    }

    private static func isPlain(_ value: String) -> Bool {
        value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && !isControl($0) }
    }

    /// Control characters could end the line or move a terminal's cursor.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
        default: false
        }
    }

    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? " " : $0 }))
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where isControl(scalar): out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}

/// The minimum log level of the whole process. It can change at any time.
final class LogThreshold: Sendable {
    private let position = Atomic(LogThreshold.position(of: .info))

    /// The level.
    var current: Logger.Level { Logger.Level.allCases[position.load(ordering: .relaxed)] }

    /// Changes it.
    func set(_ level: Logger.Level) { position.store(Self.position(of: level), ordering: .relaxed) }

    /// Sets it to the level in the settings.
    func set(_ level: Settings.LogLevel) { set(Logger.Level(level)) }

    private static func position(of level: Logger.Level) -> Int { Logger.Level.allCases.firstIndex(of: level) ?? 0 }
}

extension Logger.Level {
    /// The level's number in the journal, as syslog has it.
    var journalNumber: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    /// The level that a setting names; both types use the same names.
    init(_ level: Settings.LogLevel) { self = Logger.Level(rawValue: level.rawValue) ?? .info }
}
