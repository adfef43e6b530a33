import JSONDocument

/// The status as a page of text. What the answer does not say is left out, so that a Larder of another version can be asked.
struct StatusText {
    private let status: JSONValue
    /// Seconds since 1970.
    private let now: Int

    init(_ status: JSONValue, now: Int) {
        self.status = status
        self.now = now
    }

    /// The lines, of which none is wider than the style's width.
    func lines(_ style: TerminalStyle) -> [String] {
        let summary = [
            ("larder", process), ("upstream", upstream), ("failure", lastFailure), ("waiting", backingOff),
            ("requests", requests), ("latency", latency), ("cache", cache), ("state", state),
        ]
        var lines: [String] = []
        for case (let title, let text?) in summary where !text.isEmpty {
            let padding = String(repeating: " ", count: 10 - title.count)
            let isBad = title == "failure" || title == "waiting"
            let line = style.fitted(title + padding + DisplayText.printable(text))
            lines.append(style.apply(isBad ? .yellow : nil, to: line))
        }
        for table in [StatusTables.entries(status), StatusTables.keys(status), StatusTables.recent(status, now: now)] {
            if let table { lines += [""] + table.lines(style) }
        }
        return lines.isEmpty ? ["the status is empty"] : lines
    }

    private var process: String? {
        joined([
            text(status["version"]), number(status["pid"]).map { "pid \($0)" },
            number(status["uptime_seconds"]).map { "up \(AgeText.short($0))" },
            number(status["workers"]).map { $0 == 1 ? "1 worker" : "\($0) workers" },
            number(status["connections"]).map { $0 == 1 ? "1 connection" : "\($0) connections" },
            status["demo"]?.bool == true ? "demo" : nil,
            (status["listen"]?.elements.compactMap(\.string)).flatMap { $0.isEmpty ? nil : $0.joined(separator: ", ") },
        ])
    }

    private var upstream: String? {
        let upstream = status["upstream"]
        return joined([
            text(upstream?["url"]), number(upstream?["requests"]).map { $0 == 1 ? "1 request" : "\($0) requests" },
            number(upstream?["failures"]).map { "\($0) failed" },
            number(upstream?["last_success"]).map { "answered \(AgeText.short(now - $0)) ago" },
        ])
    }

    private var lastFailure: String? {
        let failure = status["upstream"]?["last_failure"]
        let parts = joined([
            number(failure?["time"]).map { "\(AgeText.short(now - $0)) ago" }, text(failure?["resource"]),
        ])
        guard let message = text(failure?["message"]) else { return parts }
        return parts.map { "\($0): \(message)" } ?? message
    }

    private var backingOff: String? {
        guard let elements = status["upstream"]?["backing_off"]?.elements else { return nil }
        let waits = elements.compactMap { entry -> String? in
            guard let resource = entry["resource"]?.string else { return nil }
            return resource + (number(entry["seconds"]).map { " for \(AgeText.short($0))" } ?? "")
        }
        return waits.isEmpty ? nil : "upstream is not asked for " + waits.joined(separator: ", ")
    }

    private var requests: String? {
        let requests = status["requests"]
        let kinds: [(StaticString, String)] = [
            ("hit", "hit"), ("stale", "stale"), ("miss", "miss"), ("passed", "passed through"), ("error", "failed"),
        ]
        return joined(
            [
                number(requests?["total"]).map { "\($0)" },
                fraction(requests?["hit_ratio"]).map { "\(Self.percent($0)) from the cache" },
            ] + kinds.map { name, title in number(requests?[name]).map { "\($0) \(title)" } })
    }

    private var latency: String? {
        let latency = status["latency_us"]
        let marks: [(StaticString, String)] = [("p50", "p50"), ("p90", "p90"), ("p99", "p99"), ("p999", "p99.9")]
        return joined(marks.map { name, title in text(latency?[name]).map { "\(title) \($0) us" } })
    }

    private var cache: String? {
        let cache = status["cache"]
        let size = number(cache?["bytes"]).map { bytes in
            SizeDisplay.short(bytes) + (number(cache?["max_bytes"]).map { " of \(SizeDisplay.short($0))" } ?? "")
        }
        return joined([
            size, number(cache?["entries"]).map { "\($0) copies" }, number(cache?["answers"]).map { "\($0) answers" },
            number(cache?["evictions"]).map { "\($0) evicted" },
        ])
    }

    private var state: String? {
        let state = status["state"]
        if state?["enabled"]?.bool == false { return "nothing is kept on disk" }
        return joined([
            text(state?["dir"]), (state?["healthy"]?.bool).map { $0 ? "healthy" : "NOT HEALTHY" },
            number(state?["bytes"]).map(SizeDisplay.short),
        ])
    }

    private func joined(_ parts: [String?]) -> String? {
        let parts = parts.compactMap { $0 }
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    private func number(_ value: JSONValue?) -> Int? { StatusTables.number(value) }

    private func fraction(_ value: JSONValue?) -> Double? { value?.rawNumber.flatMap { Double($0) } }

    private func text(_ value: JSONValue?) -> String? { StatusTables.text(value) }

    /// A share of one, in percent with one place.
    static func percent(_ share: Double) -> String {
        guard share >= 0, share <= 1 else { return "?" }
        // Rounded down: 100.0 % is said of all and of nothing less.
        let tenths = Int(share * 1000)
        return "\(tenths / 10).\(tenths % 10)%"
    }
}
