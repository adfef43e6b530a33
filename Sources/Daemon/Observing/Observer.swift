import EventLoop
import Logging
import Serving

/// What every loop needs to tell of itself: the log, and what is the same for all of them.
struct Observer: Sendable {
    let log: Logger
    let writer: LogWriter
    /// How lines of the access log look; nil where there is none.
    private(set) var accessFormat: LineFormat?
    /// The page `/_larder/`.
    let page = LarderPage()
    private let process: ProcessReport

    /// What is known of the state directory, asked on any thread; it must not take long.
    var state: @Sendable () -> StateReport = { StateReport() }

    init(_ settings: Settings, isDemo: Bool, addresses: [SocketAddress], writer: LogWriter, log: Logger) {
        self.log = log
        self.writer = writer
        accessFormat = Self.accessFormat(settings.log)
        var process = ProcessReport(version: version, started: Loop.wallSeconds, now: Loop.wallSeconds)
        process.pid = ProcessUsage.pid
        process.workers = settings.workers
        process.listen = addresses.map(\.url)
        process.isDemo = isDemo
        process.upstream = isDemo ? "demo" : URLText.masked(settings.upstream.url)
        self.process = process
    }

    /// Logs as changed settings want it. The level changes for whoever logs, at once.
    mutating func take(_ settings: Settings) {
        writer.level.set(settings.log.level)
        accessFormat = Self.accessFormat(settings.log)
    }

    private static func accessFormat(_ settings: Settings.Log) -> LineFormat? {
        settings.access && Logger.Level(settings.level) <= .info ? LineFormat(settings.format) : nil
    }

    /// What the process knows of itself now. It reads files: not for a loop's thread.
    func processReport() -> ProcessReport {
        var report = process
        report.now = Loop.wallSeconds
        report.droppedLines = UInt64(writer.droppedLines)
        report.state = state()
        let usage = ProcessUsage()
        report.cpuNanoseconds = usage.cpuNanoseconds
        report.residentBytes = usage.residentBytes
        report.openDescriptors = usage.openDescriptors
        return report
    }
}
