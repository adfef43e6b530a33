public import Bytes
public import Catalog

/// Which events a reader asks for: the query of `/_larder/changes`.
public struct EventQuery: Hashable, Sendable {
    /// Where a reader wants to begin.
    public enum Start: Hashable, Sendable {
        /// After the event of that number; 0 is the beginning.
        case cursor(Int64)
        /// At a time, in seconds since 1970.
        case time(Int64)
    }

    /// The first event; nil for the newest `limit` events.
    public var since: Start?

    /// Only events before this time, in seconds since 1970.
    public var until: Int64?

    /// Only these kinds; nil for all.
    public var kinds: Set<ChangeKind>?

    /// Only models whose ids match. Events of the whole catalogue have no id and match no pattern.
    public var id: GlobPattern?

    /// The number of events at most.
    public var limit = EventQuery.usualLimit

    /// The limit of a query that has none.
    public static let usualLimit = 500

    /// The largest limit.
    public static let greatestLimit = 1000

    private static let names = ["since", "until", "kind", "id", "limit"]

    /// The newest events of all kinds.
    public init() {}

    /// Reads the part of a target after the question mark. An empty value counts as absent, and of a repeated parameter the
    /// last one counts. Durations count back from `now`, in seconds since 1970. Throws an error that names the parameter,
    /// also for one that is unknown.
    public init(_ query: Span<UInt8>, now: Int64) throws(InvalidParameter) {
        var values: [String: String] = [:]
        for parameter in FormDecoder.parameters(query) {
            let name = String(decoding: parameter.name, as: UTF8.self)
            guard Self.names.contains(name) else { throw InvalidParameter(unknown: name, known: Self.names) }
            values[name] = String(decoding: parameter.value, as: UTF8.self)
        }
        values = values.filter { !$0.value.isEmpty }
        since = try values["since"].map { value throws(InvalidParameter) in try Self.start(value, now: now) }
        until = try values["until"].map { value throws(InvalidParameter) in
            if let time = Self.time(value, now: now) { return time }
            throw InvalidParameter("until", mustBe: Self.timeForms, not: Array(value.utf8))
        }
        kinds = try values["kind"].map { value throws(InvalidParameter) in try Self.kinds(value) }
        id = values["id"].map { GlobPattern($0) }
        if let value = values["limit"] {
            guard let number = Int(value), 1...Self.greatestLimit ~= number else {
                throw InvalidParameter(
                    "limit", mustBe: "an integer from 1 to \(Self.greatestLimit)", not: Array(value.utf8))
            }
            limit = number
        }
    }

    private static let timeForms =
        "a date (2026-11-29), a time (2026-11-29T08:30:00Z) or a duration (30s, 5m, 12h, 7d)"

    private static func start(_ value: String, now: Int64) throws(InvalidParameter) -> Start {
        if let cursor = cursor(value) { return .cursor(cursor) }
        if let time = time(value, now: now) { return .time(time) }
        throw InvalidParameter("since", mustBe: "a cursor (a whole number), \(timeForms)", not: Array(value.utf8))
    }

    /// The number of an event, in digits alone.
    static func cursor(_ text: String) -> Int64? {
        text.utf8.allSatisfy { $0 &- UInt8(ascii: "0") < 10 } ? Int64(text) : nil
    }

    private static func time(_ value: String, now: Int64) -> Int64? {
        if let duration = DurationText.seconds(value) { return now.subtractingSaturated(duration) }
        return Instant(value)?.seconds
    }

    private static func kinds(_ value: String) throws(InvalidParameter) -> Set<ChangeKind> {
        func refusal(of text: [UInt8]) -> InvalidParameter {
            let known = ChangeKind.allCases.map(\.rawValue).joined(separator: ", ")
            return InvalidParameter("kind", mustBe: "a list of \(known)", not: text)
        }
        var kinds: Set<ChangeKind> = []
        for name in FormDecoder.list(Array(value.utf8)) {
            guard let kind = ChangeKind(rawValue: name.span.text()) else { throw refusal(of: name) }
            kinds.insert(kind)
        }
        if kinds.isEmpty { throw refusal(of: Array(value.utf8)) }
        return kinds
    }

    /// Whether an event passes every condition but `limit`.
    public func matches(_ event: Event) -> Bool {
        switch since {
        case .cursor(let cursor): guard event.cursor > cursor else { return false }
        case .time(let time): guard event.at >= time else { return false }
        case nil: break
        }
        if let until, event.at >= until { return false }
        if let kinds, !kinds.contains(event.kind) { return false }
        if let id { return event.id.map(id.matches) ?? false }
        return true
    }
}

/// Events in their order, the newest last.
public struct EventPage: Equatable, Sendable {
    /// The events.
    public let events: [Event]

    /// The value of `since` for the next page, also if there are no further events yet.
    public let next: Int64

    /// Whether there are further events already.
    public let hasMore: Bool

    /// A page.
    package init(events: [Event], next: Int64, hasMore: Bool) {
        self.events = events
        self.next = next
        self.hasMore = hasMore
    }

    /// `{"data":[Event...],"next":17,"has_more":false}`.
    public var json: SharedBytes {
        var out = ByteBuilder(capacity: 64 + events.count * 256)
        out.append("{\"data\":[")
        for (index, event) in events.enumerated() {
            if index > 0 { out.append(UInt8(ascii: ",")) }
            event.appendJSON(to: &out)
        }
        out.append("],\"next\":")
        out.append(decimal: Int(next))
        out.append(",\"has_more\":")
        out.append(hasMore ? "true" : "false")
        out.append(UInt8(ascii: "}"))
        return out.finish()
    }
}

/// Cuts the page of a query out of events that come one after the other, so that a store need not have all of them in
/// memory.
public struct EventPager: Sendable {
    private let query: EventQuery
    private var found: [Event] = []
    private var hasMore = false

    /// A page without events.
    public init(_ query: EventQuery) { self.query = query }

    /// Whether the events must come from the newest to the oldest.
    public var readsBackwards: Bool { query.since == nil }

    /// The events before this cursor, and this one, are of no use.
    public var after: Int64? { if case .cursor(let cursor)? = query.since { cursor } else { nil } }

    /// The events before this time, in seconds since 1970, are of no use.
    public var from: Int64? { if case .time(let time)? = query.since { time } else { nil } }

    /// The events at this time and later are of no use.
    public var until: Int64? { query.until }

    /// `next` follows the last event before this time; nil for the last of all.
    public var placeBefore: Int64? {
        guard let until else { return nil }
        return from.map { max($0, until) } ?? until
    }

    /// Takes the next event. False if no further one is needed.
    public mutating func take(_ event: Event) -> Bool {
        guard query.matches(event) else { return true }
        if found.count == query.limit {
            hasMore = true
            return false
        }
        found.append(event)
        return !readsBackwards || found.count < query.limit
    }

    /// The page. `last` is the cursor of the last event before `placeBefore`, 0 if there is none.
    public func page(last: Int64) -> EventPage {
        if readsBackwards { return EventPage(events: found.reversed(), next: last, hasMore: false) }
        if hasMore, let newest = found.last { return EventPage(events: found, next: newest.cursor, hasMore: true) }
        return EventPage(events: found, next: max(last, after ?? 0), hasMore: false)
    }
}
