public import Bytes
import HTTPCore

/// Writes lines of the access log. Once it is warm it allocates nothing: the time of day is kept for as long as it holds.
public struct AccessFormatter: ~Copyable {
    /// How lines look.
    public let format: LineFormat
    private var second: Int64 = .min
    /// What every line of this second begins with.
    private var start = ByteBuilder(capacity: 64)

    /// A formatter.
    public init(_ format: LineFormat) { self.format = format }

    /// Appends the line of a request that was finished at `wallSeconds`.
    public mutating func append(_ record: borrowing AccessRecord, wallSeconds: Int64, to out: inout ByteBuilder) {
        if wallSeconds != second { begin(wallSeconds) }
        out.append(start.span)
        let label = record.label.text
        switch format {
        case .text:
            out.append(Self.name(record.method))
            out.append(" ")
            out.append(label.span)
            out.append(" ")
            out.append(decimal: record.status)
            out.append(" ")
            out.append(record.decision.name)
            if let age = record.age {
                out.append(" age=")
                out.append(decimal: age)
            }
            out.append(" bytes=")
            out.append(decimal: record.bytes)
            out.append(" us=")
            out.append(decimal: Int(truncatingIfNeeded: record.nanoseconds / 1000))
            out.append(" key=")
            appendKey(record.key, to: &out)
            out.append("\n")
        case .json:
            out.append(Self.name(record.method))
            out.append("\",")
            out.append(label.span)
            out.append(label.count > 0 ? ",\"status\":" : "\"status\":")
            out.append(decimal: record.status)
            out.append(",\"decision\":\"")
            out.append(record.decision.name)
            if let age = record.age {
                out.append("\",\"age\":")
                out.append(decimal: age)
                out.append(",\"bytes\":")
            } else {
                out.append("\",\"bytes\":")
            }
            out.append(decimal: record.bytes)
            out.append(",\"us\":")
            out.append(decimal: Int(truncatingIfNeeded: record.nanoseconds / 1000))
            out.append(",\"key\":\"")
            appendKey(record.key, to: &out)
            out.append("\"}\n")
        }
    }

    private func appendKey(_ key: UInt64, to out: inout ByteBuilder) {
        if key == 0 { out.append("-") } else { KeyFingerprint.append(key, to: &out) }
    }

    private mutating func begin(_ wallSeconds: Int64) {
        second = wallSeconds
        start.removeAll()
        if format == .json { start.append("{\"time\":\"") }
        Timestamp.append(wallSeconds, to: &start)
        start.append(
            format == .json ? "\",\"level\":\"info\",\"event\":\"access\",\"method\":\"" : " info access ")
    }

    private static func name(_ method: Method) -> StaticString {
        switch method {
        case .get: "GET"
        case .head: "HEAD"
        case .options: "OPTIONS"
        case .post: "POST"
        case .put: "PUT"
        case .patch: "PATCH"
        case .delete: "DELETE"
        case .other: "OTHER"
        }
    }
}
