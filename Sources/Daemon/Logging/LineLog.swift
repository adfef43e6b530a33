import Glibc
import Logging
import Serving

/// Makes a line of each log record, as text for people or as JSON for programs, and leaves it to the writer.
///
/// What may be logged is decided where it is logged; nothing here takes secrets out again.
struct LineLog: LogHandler {
    let format: LineFormat
    let writer: LogWriter
    /// The same for whoever logs, so that it can change for all of them.
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
            if heldBack > 0 { members["held_back"] = "\(heldBack)" }
        }
        let all = members.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let line = LogLine.text(format, level: event.level, message: "\(event.message)", metadata: all)
        writer.write(event: Array(line.utf8).span)
    }
}

extension LineFormat {
    /// As the settings want it. Standard error is a terminal or it is not: `auto` means text or JSON after that.
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
    func tell(_ event: LogEventName, _ message: @autoclosure () -> Logger.Message, _ more: Logger.Metadata = [:]) {
        log(level: event.level, message(), metadata: more.merging(["event": "\(event.rawValue)"]) { $1 })
    }
}
