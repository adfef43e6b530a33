public import Bytes

/// One entry of the history: what happened to a model, and when.
public struct Event: Equatable, Sendable {
    /// The number of the event in its history, from 1 on. A later event has a greater one, and numbers are never used
    /// again, so a reader can continue after it.
    public let cursor: Int64

    /// When the catalogue with the change was fetched, in seconds since 1970. Never earlier than the event before.
    public let at: Int64

    /// The model's id, or nil for the catalogue as a whole.
    public let id: String?

    /// What happened.
    public let change: RowChange

    /// What happened to a model (nil: to the catalogue) at a time in seconds since 1970.
    public init(cursor: Int64, at: Int64, id: String?, _ change: RowChange) {
        self.cursor = cursor
        self.at = at
        self.id = id
        self.change = change
    }

    /// What kind of change it is.
    public var kind: ChangeKind { change.kind }

    /// Appends the event as a JSON object in one line:
    /// `{"cursor":17,"at":"2026-11-29T08:30:00Z","kind":"price","id":"a/b","before":{...},"after":{...}}`.
    /// A missing `before`, `after` or `id` is null.
    public func appendJSON(to out: inout ByteBuilder) {
        out.append("{\"cursor\":")
        out.append(decimal: Int(cursor))
        out.append(",\"at\":\"")
        Timestamp.append(at, to: &out)
        out.append("\",\"kind\":\"")
        out.append(utf8: kind.rawValue)
        out.append("\",\"id\":")
        if let id {
            out.append(UInt8(ascii: "\""))
            out.append(jsonEscaped: Array(id.utf8).span)
            out.append(UInt8(ascii: "\""))
        } else {
            out.append("null")
        }
        out.append(",\"before\":")
        Self.append(change.before, to: &out)
        out.append(",\"after\":")
        Self.append(change.after, to: &out)
        out.append(UInt8(ascii: "}"))
    }

    /// The JSON object of the event.
    public var json: [UInt8] {
        var out = ByteBuilder(capacity: 256)
        appendJSON(to: &out)
        return out.span.copied()
    }

    private static func append(_ part: [UInt8]?, to out: inout ByteBuilder) {
        if let part { out.append(part.span) } else { out.append("null") }
    }
}

/// What happened to a model, or to the catalogue.
public enum ChangeKind: String, CaseIterable, Sendable {
    /// A model that the history has not seen before.
    case added
    /// A model is no longer in the catalogue.
    case removed
    /// A model that had been removed is back.
    case returned
    /// A member of `pricing` has another value.
    case price
    /// `context_length`, or a limit of `top_provider` (`context_length`, `max_completion_tokens`).
    case context
    /// `supported_parameters` has other names. Their order does not matter.
    case parameters
    /// The input or output modalities, or `architecture.modality`.
    case modalities
    /// `expiration_date` was set, changed or removed.
    case expiration
    /// `name` or `canonical_slug`.
    case renamed
    /// An alias points to another model.
    case alias
    /// Any other member, except for those that are noise (`RowDifference`).
    case other
    /// The catalogue lost a large part of its rows at once; the next catalogue says whether that is so.
    case shrunk
}

/// A change of one row: what the members that differ were, and what they are.
public struct RowChange: Equatable, Sendable {
    /// What happened.
    public let kind: ChangeKind

    /// A part of the former Model object: only the members that differ. Nil if there was no model.
    public let before: [UInt8]?

    /// The same part of the new Model object. Nil if there is no model any more.
    public let after: [UInt8]?

    /// A change from one part to another.
    public init(_ kind: ChangeKind, before: [UInt8]?, after: [UInt8]?) {
        self.kind = kind
        self.before = before
        self.after = after
    }
}

/// Server-sent events, as browsers' `EventSource` reads them (WHATWG HTML, section 9.2).
public enum EventStream {
    /// Appends an event: its cursor as `id`, its kind as `event`, and its JSON object as `data`.
    public static func append(_ event: Event, to out: inout ByteBuilder) {
        append(id: event.cursor, name: event.kind.rawValue, data: event.json.span, to: &out)
    }

    /// Appends a comment, which readers ignore: it shows that the connection lives.
    public static func appendKeepAlive(to out: inout ByteBuilder) { out.append(":\n\n") }

    /// Appends how long a reader waits before it connects again, in milliseconds.
    public static func append(retryAfter milliseconds: Int, to out: inout ByteBuilder) {
        out.append("retry: ")
        out.append(decimal: milliseconds)
        out.append("\n\n")
    }

    /// Where a reader with this `Last-Event-ID` continues: after the event of that number. Nil if the value is not a
    /// cursor; it is then ignored.
    public static func start(afterLastEventID value: Span<UInt8>) -> EventQuery.Start? {
        value.count > 18 ? nil : EventQuery.cursor(value.text()).map { .cursor($0) }
    }

    /// `name` has no line break. Data with line breaks takes one `data` line for each of its lines.
    static func append(id: Int64, name: String, data: Span<UInt8>, to out: inout ByteBuilder) {
        out.append("id: ")
        out.append(decimal: Int(id))
        out.append("\nevent: ")
        out.append(utf8: name)
        var start = 0
        while start <= data.count {
            var end = start
            while end < data.count, data[end] != 10, data[end] != 13 { end += 1 }
            out.append("\ndata: ")
            out.append(data.extracting(start..<end))
            // CR, LF and CRLF each end a line.
            start = end + (end + 1 < data.count && data[end] == 13 && data[end + 1] == 10 ? 2 : 1)
        }
        out.append("\n\n")
    }
}
