public import Bytes
import Catalog

/// The points at which the price or the context of one model changed: `/_larder/history/{author}/{slug}`.
public struct ModelHistory: Equatable, Sendable {
    /// A row of the model, and when it was in the catalogue.
    public struct Row: Equatable, Sendable {
        /// The first second, since 1970.
        public let from: Int64
        /// The second after the last; nil if it is still there.
        public let to: Int64?
        /// The JSON object.
        public let bytes: [UInt8]

        /// A row with its times.
        public init(from: Int64, to: Int64?, bytes: [UInt8]) {
            self.from = from
            self.to = to
            self.bytes = bytes
        }
    }

    /// The values from a time on, until the next point.
    public struct Point: Equatable, Sendable {
        /// Since when, in seconds since 1970.
        public let at: Int64
        /// The JSON values of `pricing` and `context_length`, as upstream wrote them; `null` if the row lacks one. Nil if
        /// the model was not in the catalogue.
        public let values: Values?
    }

    /// The values of a point.
    public struct Values: Equatable, Sendable {
        /// The object of prices.
        public let pricing: [UInt8]
        /// The number of tokens.
        public let contextLength: [UInt8]
    }

    /// The model's id.
    public let id: String

    /// The points in the order of time; none if the model was never there.
    public let points: [Point]

    /// The history of a model that had these rows, in the order of time. Points at which nothing of this changed are left
    /// out; prices that are spelled differently are the same.
    public init(id: String, rows: [Row]) {
        self.id = id
        var points: [Point] = []
        var end: Int64?
        for row in rows {
            // Of two rows with one id at the same time the later interval is skipped, as in a catalogue.
            if let end, row.from < end { continue }
            if let end, row.from > end { points.append(Point(at: end, values: nil)) }
            let values = Self.values(of: row.bytes)
            if !Self.isSame(points.last?.values, values) { points.append(Point(at: row.from, values: values)) }
            end = row.to
            if end == nil { break }
        }
        if let end, !points.isEmpty { points.append(Point(at: end, values: nil)) }
        self.points = points
    }

    /// `{"id":"a/b","data":[{"at":"...","pricing":{...},"context_length":1},{"at":"...","removed":true}]}`.
    public var json: SharedBytes {
        var out = ByteBuilder(capacity: 256 + points.count * 128)
        out.append("{\"id\":\"")
        out.append(jsonEscaped: Array(id.utf8).span)
        out.append("\",\"data\":[")
        for (index, point) in points.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            out.append("{\"at\":\"")
            Timestamp.append(point.at, to: &out)
            if let values = point.values {
                out.append("\",\"pricing\":")
                out.append(values.pricing.span)
                out.append(",\"context_length\":")
                out.append(values.contextLength.span)
                out.append(UInt8(ascii: "}"))
            } else {
                out.append("\",\"removed\":true}")
            }
        }
        out.append("]}")
        return out.finish()
    }

    private static func values(of row: [UInt8]) -> Values {
        Values(pricing: member("pricing", of: row.span), contextLength: member("context_length", of: row.span))
    }

    private static func member(_ name: StaticString, of row: Span<UInt8>) -> [UInt8] {
        guard let range = JSONScanner.member(name, of: row, in: JSONScanner.value(of: row)) else {
            return Array("null".utf8)
        }
        return row.extracting(range).copied()
    }

    private static func isSame(_ left: Values?, _ right: Values) -> Bool {
        guard let left else { return false }
        return isSame(left.pricing, right.pricing) && isSame(left.contextLength, right.contextLength)
    }

    private static func isSame(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        JSONEquality(readsPrices: true).holds(left.span, 0..<left.count, right.span, 0..<right.count)
    }
}
