import Bytes
import EventLoop
import Glibc
import HTTPClient
package import JSONDocument
public import Settings

/// The status of a running Larder, as `larder status` shows it.
public enum StatusReport {
    /// Requests it; returns the whole output.
    public static func run(
        _ address: LarderAddress, asJSON: Bool, style: TerminalStyle
    ) throws(ClientFailure) -> [UInt8] {
        let response = try LarderClient.askSuccessfully(address, "/_larder/status")
        guard let document = try? JSONDocument(parsing: response.body.span), document.root.kind == .object else {
            throw ClientFailure("\(address) did not return a status: is it a Larder?")
        }
        if asJSON {
            let body = response.body.span.copied()
            return body.last == 0x0A ? body : body + [0x0A]
        }
        let page = StatusText(document.root, now: Int(Loop.wallSeconds))
        return Array((page.lines(style).joined(separator: "\n") + "\n").utf8)
    }
}

/// The status as a page of text. Values missing from the answer are left out, so that it works with a Larder of another
/// version.
package struct StatusText {
    private let status: JSONValue
    /// Seconds since 1970.
    private let now: Int

    package init(_ status: JSONValue, now: Int) {
        self.status = status
        self.now = now
    }

    /// The lines, none of them wider than the style's width.
    package func lines(_ style: TerminalStyle) -> [String] {
        let summary = [
            ("larder", process), ("upstream", upstream), ("failure", lastFailure), ("waiting", backingOff),
            ("requests", requests), ("latency", latency), ("cache", cache), ("state", state), ("fleet", fleet),
        ]
        var lines = VerdictText.lines(status, style)
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
            number(status["connections"]).map { open in
                if let most = number(status["connection_limit"]?["max"]) { return "\(open) of \(most) connections" }
                return open == 1 ? "1 connection" : "\(open) connections"
            },
            status["demo"]?.bool == true ? "demo" : nil,
            (status["listen"]?.elements.compactMap(\.string)).flatMap { $0.isEmpty ? nil : $0.joined(separator: ", ") },
        ])
    }

    private var upstream: String? {
        let upstream = status["upstream"]
        return joined([
            text(upstream?["url"]), number(upstream?["requests"]).map { $0 == 1 ? "1 request" : "\($0) requests" },
            number(upstream?["failures"]).map { "\($0) failed" },
            number(upstream?["last_success"]).map { "answered \(AgeText.short(since: $0, now: now)) ago" },
        ])
    }

    private var lastFailure: String? {
        let failure = status["upstream"]?["last_failure"]
        let parts = joined([
            number(failure?["time"]).map { "\(AgeText.short(since: $0, now: now)) ago" }, text(failure?["resource"]),
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
        return waits.isEmpty ? nil : "backing off: no fetch of " + waits.joined(separator: ", ")
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
            size, copies, number(cache?["answers"]).map { "\($0) answers" },
            number(cache?["evictions"]).map { "\($0) evicted" },
        ])
    }

    /// The number of copies, as many as the table has rows. Each loop counts those that all share.
    private var copies: String? {
        let all = number(status["cache"]?["distinct_entries"]) ?? number(status["cache"]?["entries"])
        guard let all else { return nil }
        let text = all == 1 ? "1 copy" : "\(all) copies"
        guard let rows = status["entries"]?.count, rows < all, number(status["cache"]?["distinct_entries"]) != nil
        else {
            return text
        }
        return "\(text) (\(rows) shown)"
    }

    private var state: String? {
        let state = status["state"]
        if state?["enabled"]?.bool == false { return "nothing is stored on disk" }
        return joined([
            text(state?["dir"]), (state?["healthy"]?.bool).map { $0 ? "healthy" : "NOT HEALTHY" },
            number(state?["bytes"]).map(SizeDisplay.short),
        ])
    }

    private var fleet: String? {
        guard let fleet = status["fleet"], let link = text(fleet["state"]) else { return nil }
        let replicas = number(fleet["replicas"]).map { $0 == 1 ? "1 replica" : "\($0) replicas" }
        return joined([
            link == "up" ? "in use" : "NOT IN USE", link == "up" ? replicas : text(fleet["notice"]),
            number(fleet["taken"]).map { "\($0) copies taken" }, number(fleet["given"]).map { "\($0) given" },
            number(fleet["leases"]).map { "\($0) leases" }, number(fleet["waits"]).map { "\($0) waited for" },
            number(fleet["failures"]).map { "\($0) failures" },
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
    package static func percent(_ share: Double) -> String {
        guard share >= 0, share <= 1 else { return "?" }
        // Rounded down: 100.0 % means all and nothing less.
        let tenths = Int(share * 1000)
        return "\(tenths / 10).\(tenths % 10)%"
    }
}

/// A number of bytes for a person to read.
package enum SizeDisplay {
    private static let units = ["B", "KiB", "MiB", "GiB", "TiB"]

    /// With one place above a kibibyte, rounded down: `512 B`, `1.5 KiB`, `256.0 MiB`.
    package static func short(_ bytes: Int) -> String {
        var scale = 0
        var divisor = 1
        while scale < units.count - 1, bytes / divisor >= 1024 {
            scale += 1
            divisor <<= 10
        }
        if scale == 0 { return "\(max(bytes, 0)) B" }
        let tenths = bytes % divisor * 10 / divisor
        return "\(bytes / divisor).\(tenths) \(units[scale])"
    }
}

/// Shows the status of a running Larder again and again, as `larder status --watch` does.
public enum StatusWatch {
    /// Asks every `seconds` until a signal ends the process. On a terminal each page replaces the one before. The first
    /// answer must be a status; later failures are shown, since a restarted Larder will answer again.
    public static func run(
        _ address: LarderAddress, every seconds: Double, style: () -> TerminalStyle, write: ([UInt8]) -> Void
    ) throws(ClientFailure) {
        var hasAnswered = false
        while true {
            let style = style()
            do throws(ClientFailure) {
                let page = try StatusReport.run(address, asJSON: false, style: style)
                hasAnswered = true
                show(page, style, write)
            } catch {
                guard hasAnswered else { throw error }
                show(Array((error.description + "\n").utf8), style, write)
            }
            usleep(UInt32(seconds * 1_000_000))
        }
    }

    private static func show(_ page: [UInt8], _ style: TerminalStyle, _ write: ([UInt8]) -> Void) {
        guard style.isStyled else { return write(page + [0x0A]) }
        // The cursor goes to the top, each line is cleared after its end, and the screen below the last one.
        var lines = page.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        if let height = style.height { lines = Array(lines.prefix(max(1, height - 1))) }
        let cleared = lines.joined(separator: Array("\u{1B}[K\r\n".utf8))
        write(Array("\u{1B}[H".utf8) + cleared + Array("\u{1B}[K\u{1B}[J".utf8))
    }
}

/// The verdict of the status, and the further findings, as lines of text.
enum VerdictText {
    /// The most cells of a line. A sentence in longer lines is hard to read.
    private static let mostCells = 80

    /// The lines, followed by an empty one; none if the status has no verdict.
    static func lines(_ status: JSONValue, _ style: TerminalStyle) -> [String] {
        guard let verdict = status["verdict"], let text = verdict["text"]?.string, !text.isEmpty else { return [] }
        var lines = lines(of: text, level: verdict["level"]?.string, first: "", style)
        guard let findings = status["findings"]?.elements else { return lines + [""] }
        for finding in findings {
            guard let text = finding["text"]?.string, !text.isEmpty else { continue }
            lines += self.lines(of: text, level: finding["level"]?.string, first: "- ", style)
        }
        return lines + [""]
    }

    private static func lines(of text: String, level: String?, first: String, _ style: TerminalStyle) -> [String] {
        let colour: Colour? =
            switch level {
            case "ok": .green
            case "warning": .yellow
            case "error": .red
            default: nil
            }
        let width = min(style.width ?? mostCells, mostCells)
        let indent = String(repeating: " ", count: first.count)
        let wrapped = DisplayText.wrapped(DisplayText.printable(text), to: max(1, width - first.count))
        return wrapped.enumerated().map { index, line in
            style.apply(colour, to: style.fitted((index == 0 ? first : indent) + line))
        }
    }
}
