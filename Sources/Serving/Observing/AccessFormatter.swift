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
        Self.appendMiddle(record, format, to: &out)
        appendKey(record.key, to: &out)
        if let age = record.age { appendAge(age, to: &out) }
        appendEnd(record.nanoseconds, to: &out)
    }

    /// Appends the line of a hit, whose middle was made before.
    public mutating func append(
        hit middle: SharedBytes, key: UInt64, age: Int, nanoseconds: UInt64, wallSeconds: Int64,
        to out: inout ByteBuilder
    ) {
        if wallSeconds != second { begin(wallSeconds) }
        out.append(start.span)
        out.append(middle.span)
        appendKey(key, to: &out)
        appendAge(age, to: &out)
        appendEnd(nanoseconds, to: &out)
    }

    /// All of a line that is the same for every hit of an answer, up to the key.
    static func middle(_ record: borrowing AccessRecord, _ format: LineFormat) -> SharedBytes {
        var out = ByteBuilder(capacity: 192)
        appendMiddle(record, format, to: &out)
        return SharedBytes(copying: out.span)
    }

    private static func appendMiddle(
        _ record: borrowing AccessRecord, _ format: LineFormat, to out: inout ByteBuilder
    ) {
        let label = record.label.text
        out.append(name(record.method))
        switch format {
        case .text:
            out.append(" ")
            out.append(label.span)
            out.append(" ")
            out.append(decimal: record.status)
            out.append(" ")
            out.append(record.decision.name)
            out.append(" bytes=")
            out.append(decimal: record.bytes)
            out.append(" key=")
        case .json:
            out.append("\",")
            out.append(label.span)
            out.append(label.count > 0 ? ",\"status\":" : "\"status\":")
            out.append(decimal: record.status)
            out.append(",\"decision\":\"")
            out.append(record.decision.name)
            out.append("\",\"bytes\":")
            out.append(decimal: record.bytes)
            out.append(",\"key\":\"")
        }
    }

    @inline(__always)
    private func appendKey(_ key: UInt64, to out: inout ByteBuilder) {
        if key == 0 { out.append("-") } else { KeyFingerprint.append(key, to: &out) }
        if format == .json { out.append("\"") }
    }

    @inline(__always)
    private func appendAge(_ age: Int, to out: inout ByteBuilder) {
        out.append(format == .json ? ",\"age\":" : " age=")
        out.append(decimal: age)
    }

    @inline(__always)
    private func appendEnd(_ nanoseconds: UInt64, to out: inout ByteBuilder) {
        let isJSON = format == .json
        out.append(isJSON ? ",\"us\":" : " us=")
        out.append(decimal: Int(truncatingIfNeeded: nanoseconds / 1000))
        out.append(isJSON ? "}\n" : "\n")
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
