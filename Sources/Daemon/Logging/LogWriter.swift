import Bytes
import EventLoop
import Serving

/// The one thread that writes the log. Everyone else leaves finished lines and goes on, so that nobody but this thread waits
/// when standard error is a pipe that nobody reads.
///
/// Lines that find no room are dropped and counted, and the loss is itself a line once there is room again.
final class LogWriter: Sendable {
    private let queue: ByteQueue
    private let thread: LoopThread
    /// What is written at all.
    let level = LogThreshold()

    /// What may wait to be written: some ten thousand lines.
    static let room = 1 << 20
    /// What events may have beyond that, so that lines of requests do not crowd them out.
    private static let roomForEvents = 64 << 10

    /// Of those events that can come over and over, the same line once a second.
    private let gate = Guarded(RepeatGate())

    /// A writer to a descriptor, standard error unless another is given.
    init(_ format: LineFormat, descriptor: Int32 = 2, room: Int = LogWriter.room) throws(UVError) {
        let queue = ByteQueue(limit: room)
        self.queue = queue
        thread = try LoopThread.spawn(name: "larder-log") {
            var bytes = ByteBuilder(capacity: 64 << 10)
            while let lost = queue.take(&bytes) {
                if lost > 0 { bytes.append(utf8: Self.line(ofLost: lost, format)) }
                writeAll(bytes.span, to: descriptor)
            }
        }
    }

    /// Leaves finished lines, each with its end.
    func write(_ bytes: Span<UInt8>, lines: Int = 1) { queue.append(bytes, items: lines) }

    /// Leaves the finished line of an event.
    func write(event bytes: Span<UInt8>) { queue.append(bytes, beyond: Self.roomForEvents) }

    /// Whether a line is to be written now or was written just so within a second.
    func admit(_ line: String) -> RepeatGate.Verdict {
        let now = monotonicMicroseconds() / 1_000
        return gate.withValue { $0.admit(line, now: now) }
    }

    /// How many lines were dropped.
    var droppedLines: Int { queue.dropped }

    /// Waits until everything is written, but not for long: nobody may be reading.
    func flush() { queue.waitUntilDone(milliseconds: Self.patience) }

    /// Writes what is left and ends. Where nobody reads, what is left is lost with the process.
    func close() {
        queue.close()
        if queue.waitUntilDone(milliseconds: Self.patience) { thread.join() }
    }

    /// How long the end of the process may wait for a reader, in milliseconds.
    private static let patience = 1_000

    private static func line(ofLost lost: Int, _ format: LineFormat) -> String {
        let event = LogEventName.linesLost
        return LogLine.text(
            format, level: event.level, message: "log lines were dropped: standard error was not read fast enough",
            metadata: [("event", event.rawValue), ("lines", "\(lost)")])
    }
}
