import Bytes
import EventLoop
import Metrics
import Serving
import Threads

/// The only thread that writes the log. Other threads queue finished lines and continue, so that only this thread
/// blocks if standard error is a pipe without a reader.
///
/// Lines that do not fit are dropped and counted. The loss is logged once there is room again.
final class LogWriter: Sendable {
    private let queue: ByteQueue
    private let thread: NamedThread
    private let descriptor: Int32
    /// The minimum log level.
    let level = LogThreshold()
    /// Whether lines begin with their level in the form that the journal reads (sd-daemon(3)).
    let hasPrefix: Bool
    /// The latest warnings and errors, for the status.
    let recent = Mutex(RecentEvents())

    /// The bytes that may wait to be written: about ten thousand lines.
    static let room = 1 << 20
    /// The extra room for events, so that lines of requests do not crowd them out.
    private static let roomForEvents = 64 << 10

    /// Limits repeating events: the same line at most once a second.
    private let gate = Mutex(RepeatGate())

    /// A writer to a descriptor, standard error unless another is given.
    init(
        _ format: LineFormat, descriptor: Int32 = 2, room: Int = LogWriter.room, hasPrefix: Bool = false
    ) throws(ThreadError) {
        self.hasPrefix = hasPrefix
        self.descriptor = descriptor
        let queue = ByteQueue(limit: room)
        self.queue = queue
        thread = try NamedThread.start(name: "larder-log") {
            var bytes = ByteBuilder(capacity: 64 << 10)
            while let lost = queue.take(&bytes) {
                if lost > 0 { bytes.append(utf8: Self.line(ofLost: lost, format, hasPrefix)) }
                writeAll(bytes.span, to: descriptor)
            }
        }
    }

    /// Queues finished lines, each with its end.
    func write(_ bytes: Span<UInt8>, lines: Int = 1) { queue.append(bytes, items: lines) }

    /// Queues the finished line of an event.
    func write(event bytes: Span<UInt8>) { queue.append(bytes, beyond: Self.roomForEvents) }

    /// Whether a line is to be written now, or the same line was written within the last second.
    func admit(_ line: String) -> RepeatGate.Verdict {
        let now = monotonicMicroseconds() / 1_000
        return gate.withLock { $0.admit(line, now: now) }
    }

    /// How many lines were dropped.
    var droppedLines: Int { queue.dropped }

    /// Waits until everything is written, but not for long: there may be no reader. Returns whether it is.
    @discardableResult
    func flush() -> Bool {
        // The writing thread may not get to run for a while. If there is a reader, that is worth waiting for.
        for _ in 0..<Self.mostWaits {
            if queue.waitUntilDone(milliseconds: Self.patience) { return true }
            if !isWritable(descriptor) { return false }
        }
        return false
    }

    /// Writes the remaining lines and ends. Without a reader, they are lost with the process.
    func close() {
        queue.close()
        if flush() { thread.join() } else { thread.detach() }
    }

    /// How long the end of the process may wait for a reader, in milliseconds.
    private static let patience = 1_000
    /// How often it waits for that long if there is a reader.
    private static let mostWaits = 10

    private static func line(ofLost lost: Int, _ format: LineFormat, _ hasPrefix: Bool) -> String {
        let event = LogEventName.linesLost
        return LogLine.text(
            format, level: event.level, message: "log lines were dropped: standard error was not read fast enough",
            metadata: [("event", event.rawValue), ("lines", "\(lost)")], hasPrefix: hasPrefix)
    }
}

/// One loop's lines of the access log, gathered and handed to the writer many at a time: at 32 KiB, and at the latest a
/// tenth of a second after the first line.
final class AccessLog {
    private let writer: LogWriter
    private var formatter: AccessFormatter
    private var lines = ByteBuilder(capacity: AccessLog.full + 4096)
    private var count = 0
    private var timer: LoopTimer?

    private static let full = 32 << 10
    private static let longestWait = 100

    init(on loop: Loop, _ format: LineFormat, _ writer: LogWriter) {
        self.writer = writer
        self.format = format
        formatter = AccessFormatter(format, hasPrefix: writer.hasPrefix)
        timer = LoopTimer(on: loop) { [unowned self] in flush() }
    }

    /// How lines look.
    let format: LineFormat

    /// Logs a finished request.
    func record(_ record: borrowing AccessRecord, wallSeconds: Int64) {
        formatter.append(record, wallSeconds: wallSeconds, to: &lines)
        added()
    }

    /// Logs a hit: a GET with the whole body. `key` is as in `AccessRecord`.
    func record(hit answer: Answer, key: UInt64, age: Int, nanoseconds: UInt64, wallSeconds: Int64) {
        formatter.append(
            hit: answer.hitLine(format), key: key, age: age, nanoseconds: nanoseconds, wallSeconds: wallSeconds,
            to: &lines)
        added()
    }

    private func added() {
        if count == 0 { timer?.start(after: Self.longestWait) }
        count += 1
        if lines.count >= Self.full { flush() }
    }

    private func flush() {
        guard count > 0 else { return }
        writer.write(lines.span, lines: count)
        lines.removeAll()
        count = 0
    }

    /// Hands over the remaining lines and allows the loop to close.
    func close() {
        flush()
        timer?.close()
        timer = nil
    }
}
