import Bytes
import EventLoop
import Serving

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
