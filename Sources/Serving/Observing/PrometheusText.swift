public import Bytes

/// Prometheus' text format, version 0.0.4, written piece by piece.
public struct PrometheusText: ~Copyable {
    /// The media type of the text.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private var out = ByteBuilder(capacity: 32 << 10)

    /// Nothing written yet.
    public init() {}

    /// The text.
    public consuming func finish() -> SharedBytes { out.finish() }

    /// Begins a metric: its samples have to follow.
    mutating func begin(_ metric: MetricDefinition) {
        out.append("# HELP ")
        out.append(utf8: metric.name)
        out.append(UInt8(ascii: " "))
        append(escaped: metric.help, quotes: false)
        out.append("\n# TYPE ")
        out.append(utf8: metric.name)
        out.append(UInt8(ascii: " "))
        out.append(utf8: metric.kind.rawValue)
        out.append("\n")
    }

    /// A sample with a whole number.
    mutating func sample(_ metric: MetricDefinition, _ number: UInt64, _ values: [String] = []) {
        name(metric, values)
        out.append(decimal: Int(clamping: number))
        out.append("\n")
    }

    /// A sample with any number.
    mutating func sample(_ metric: MetricDefinition, _ number: Double, _ values: [String] = []) {
        name(metric, values)
        out.append(utf8: "\(number)\n")
    }

    /// A metric with one sample and no labels.
    mutating func single(_ metric: MetricDefinition, _ number: UInt64) {
        begin(metric)
        sample(metric, number)
    }

    private mutating func name(_ metric: MetricDefinition, _ values: [String]) {
        precondition(metric.labels.count == values.count, "\(metric.name) with the wrong labels")
        out.append(utf8: metric.name)
        labels(metric, values)
        out.append(UInt8(ascii: " "))
    }

    /// The samples of a histogram under one set of labels.
    mutating func histogram(_ metric: MetricDefinition, _ durations: DurationHistogram, _ values: [String] = []) {
        for microseconds in Self.bounds {
            bucket(metric, values, Self.seconds(microseconds), durations.count(upTo: microseconds))
        }
        bucket(metric, values, "+Inf", durations.count)
        out.append(utf8: metric.name + "_sum")
        labels(metric, values)
        out.append(utf8: " \(Double(durations.totalNanoseconds) / 1e9)\n")
        out.append(utf8: metric.name + "_count")
        labels(metric, values)
        out.append(UInt8(ascii: " "))
        out.append(decimal: Int(clamping: durations.count))
        out.append("\n")
    }

    /// The bounds of buckets in microseconds: powers of two, which `DurationHistogram` knows exactly; 16 us to 67 s.
    static let bounds: [UInt64] = stride(from: 4, through: 26, by: 2).map { 1 << $0 }

    /// Microseconds as the shortest decimal number of seconds: no rounding of `Double` shows in a label.
    static func seconds(_ microseconds: UInt64) -> String {
        var fraction = String(String(1_000_000 + microseconds % 1_000_000).dropFirst())
        while fraction.hasSuffix("0"), fraction.count > 1 { fraction.removeLast() }
        return "\(microseconds / 1_000_000).\(fraction)"
    }

    private mutating func bucket(_ metric: MetricDefinition, _ values: [String], _ bound: String, _ count: UInt64) {
        out.append(utf8: metric.name + "_bucket")
        labels(metric, values, bound: bound)
        out.append(UInt8(ascii: " "))
        out.append(decimal: Int(clamping: count))
        out.append("\n")
    }

    private mutating func labels(_ metric: MetricDefinition, _ values: [String], bound: String? = nil) {
        var separator: StaticString = "{"
        for (name, value) in zip(metric.labels + (bound == nil ? [] : ["le"]), values + (bound.map { [$0] } ?? [])) {
            out.append(separator)
            separator = ","
            out.append(utf8: name)
            out.append("=\"")
            append(escaped: value, quotes: true)
            out.append("\"")
        }
        if separator.description == "," { out.append("}") }
    }

    private mutating func append(escaped text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\\"): out.append("\\\\")
            case UInt8(ascii: "\n"): out.append("\\n")
            case UInt8(ascii: "\"") where quotes: out.append("\\\"")
            default: out.append(byte)
            }
        }
    }
}
