public import Bytes
import Serving

/// Writes Prometheus' text format, version 0.0.4, piece by piece. A metric begins; then each of its samples needs the
/// values of its labels, in the order of the definition, followed by the number.
public struct PrometheusText: ~Copyable {
    /// The media type of the text.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var out = ByteBuilder(capacity: 32 << 10)
    private var metric: MetricDefinition?
    /// The labels of the next sample, as written between the braces. A histogram repeats them for each of its buckets.
    private var labels = ByteBuilder(capacity: 256)
    private var labelCount = 0

    /// Starts empty.
    public init() {}

    /// The text.
    public consuming func finish() -> SharedBytes { out.finish() }

    /// Begins a metric: its samples must follow.
    mutating func begin(_ metric: MetricDefinition) {
        self.metric = metric
        out.append("# HELP ")
        out.append(utf8: metric.name)
        out.append(" ")
        out.append(escaped: metric.help, quotes: false)
        out.append("\n# TYPE ")
        out.append(utf8: metric.name)
        out.append(" ")
        out.append(utf8: metric.kind.rawValue)
        out.append("\n")
    }

    // MARK: Labels

    /// Sets the value of the next label of the next sample, which needs no escaping.
    mutating func label(_ value: StaticString) {
        beginLabel()
        labels.append(value)
        labels.append("\"")
    }

    /// The same for a number.
    mutating func label(_ value: Int) {
        beginLabel()
        labels.append(decimal: value)
        labels.append("\"")
    }

    /// The same for any text.
    mutating func label(escaping value: String) {
        beginLabel()
        labels.append(escaped: value, quotes: true)
        labels.append("\"")
    }

    private mutating func beginLabel() {
        if labelCount > 0 { labels.append(",") }
        labels.append(utf8: metric?.labels[labelCount] ?? "")
        labels.append("=\"")
        labelCount += 1
    }

    // MARK: Samples

    /// Writes a sample of the current metric, with a whole number.
    mutating func sample(_ number: UInt64) {
        line("", number)
        forgetLabels()
    }

    /// Writes a metric with one sample and no labels.
    mutating func single(_ metric: MetricDefinition, _ number: UInt64) {
        begin(metric)
        sample(number)
    }

    /// Writes a sample with a duration, in seconds.
    mutating func sample(nanoseconds: UInt64) {
        name("")
        out.append(seconds: nanoseconds)
        out.append("\n")
        forgetLabels()
    }

    /// Writes the samples of a histogram with one set of labels.
    mutating func histogram(_ durations: DurationHistogram) {
        let all = durations.count
        for bound in Self.bounds { line("_bucket", durations.count(upTo: bound), .upTo(microseconds: bound)) }
        line("_bucket", all, .whole)
        name("_sum")
        out.append(seconds: durations.totalNanoseconds)
        out.append("\n")
        line("_count", all)
        forgetLabels()
    }

    /// The bucket bounds in microseconds: powers of two, for which `DurationHistogram` is exact; 16 us to 67 s.
    static let bounds: [UInt64] = stride(from: 4, through: 26, by: 2).map { 1 << $0 }

    /// The label `le`.
    private enum Bucket {
        case upTo(microseconds: UInt64)
        case whole
    }

    private mutating func line(_ suffix: StaticString, _ number: UInt64, _ bucket: Bucket? = nil) {
        name(suffix, bucket)
        out.append(decimal: Int(clamping: number))
        out.append("\n")
    }

    private mutating func name(_ suffix: StaticString, _ bucket: Bucket? = nil) {
        guard let metric else { preconditionFailure("a sample without a metric") }
        precondition(metric.labels.count == labelCount, "\(metric.name) with the wrong labels")
        out.append(utf8: metric.name)
        out.append(suffix)
        if labelCount > 0 || bucket != nil {
            out.append("{")
            Self.append(labels, to: &out)
            if let bucket { bound(bucket) }
            out.append("}")
        }
        out.append(" ")
    }

    private mutating func bound(_ bucket: Bucket) {
        out.append(labelCount > 0 ? ",le=\"" : "le=\"")
        switch bucket {
        case .upTo(let microseconds): out.append(seconds: microseconds * 1000)
        case .whole: out.append("+Inf")
        }
        out.append("\"")
    }

    private static func append(_ text: borrowing ByteBuilder, to out: inout ByteBuilder) { out.append(text.span) }

    private mutating func forgetLabels() {
        labels.removeAll()
        labelCount = 0
    }
}

extension ByteBuilder {
    /// Nanoseconds as the shortest decimal number of seconds with a point, without rounding errors of `Double`.
    mutating func append(seconds nanoseconds: UInt64) {
        append(decimal: Int(clamping: nanoseconds / 1_000_000_000))
        append(".")
        var rest = nanoseconds % 1_000_000_000
        var unit: UInt64 = 100_000_000
        repeat {
            append(UInt8(ascii: "0") + UInt8(rest / unit))
            rest %= unit
            unit /= 10
        } while rest > 0
    }

    fileprivate mutating func append(escaped text: String, quotes: Bool) {
        let bytes = text.utf8.span
        for index in 0..<bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\"): append("\\\\")
            case UInt8(ascii: "\n"): append("\\n")
            case UInt8(ascii: "\"") where quotes: append("\\\"")
            case let byte: append(byte)
            }
        }
    }
}
