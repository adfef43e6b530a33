public import History

extension EventQuery {
    /// The page of these events, which are all that a history has, in their order.
    public func page(of events: [Event]) -> EventPage {
        // Cursors and times only ever rise.
        let first =
            switch since {
            case .cursor(let cursor): Self.firstIndex(events) { $0.cursor > cursor }
            case .time(let time): Self.firstIndex(events) { $0.at >= time }
            case nil: 0
            }
        let end = until.map { until in Self.firstIndex(events) { $0.at >= until } } ?? events.count
        let range = first..<max(first, end)
        var place: Int64 =
            range.isEmpty ? (first > 0 ? events[first - 1].cursor : 0) : events[range.upperBound - 1].cursor
        if case .cursor(let cursor) = since { place = max(place, cursor) }
        guard since != nil else {
            var found: [Event] = []
            for event in events[range].reversed() where matches(event) {
                if found.count == limit { break }
                found.append(event)
            }
            return EventPage(events: found.reversed(), next: place, hasMore: false)
        }
        var found: [Event] = []
        for event in events[range] where matches(event) {
            if found.count == limit { return EventPage(events: found, next: found[limit - 1].cursor, hasMore: true) }
            found.append(event)
        }
        return EventPage(events: found, next: place, hasMore: false)
    }

    /// The first index at which `holds`, which holds from some index on.
    private static func firstIndex(_ events: [Event], where holds: (Event) -> Bool) -> Int {
        var low = 0
        var high = events.count
        while low < high {
            let middle = (low + high) / 2
            if holds(events[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
