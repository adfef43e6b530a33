import JSONDocument

/// The parts of the status that are lists.
enum StatusTables {
    /// What is kept, and how fresh it is; nil if that is not said.
    static func entries(_ status: JSONValue) -> TextTable? {
        guard let entries = status["entries"], entries.kind == .array else { return nil }
        var table = TextTable(columns: [
            TextTable.Column(title: "COPY", least: 20), TextTable.Column(title: "KEY", leavesAt: 2),
            TextTable.Column(title: "STATE", leavesAt: 1), TextTable.Column(title: "AGE", isRight: true, leavesAt: 3),
            TextTable.Column(title: "TTL", isRight: true, leavesAt: 4),
            TextTable.Column(title: "STATUS", isRight: true, leavesAt: 7),
            TextTable.Column(title: "SIZE", isRight: true, leavesAt: 5),
            TextTable.Column(title: "MODELS", isRight: true, leavesAt: 6),
        ])
        table.rows = entries.elements.map { entry in
            let state = text(entry["state"]) ?? "-"
            return [
                TextTable.Cell(text(entry["resource"]) ?? "-"), TextTable.Cell(text(entry["key"]) ?? "shared"),
                TextTable.Cell(state, state == "fresh" ? .green : state == "expired" ? .red : .yellow),
                TextTable.Cell(number(entry["age_seconds"]).map(AgeText.short) ?? "-"),
                TextTable.Cell(number(entry["ttl_seconds"]).map(AgeText.short) ?? "-"),
                TextTable.Cell(text(entry["status"]) ?? "-"),
                TextTable.Cell(number(entry["bytes"]).map(SizeDisplay.short) ?? "-"),
                TextTable.Cell(text(entry["models"]) ?? "-"),
            ]
        }
        return table
    }

    /// The keys that something is kept for; nil if there are none.
    static func keys(_ status: JSONValue) -> TextTable? {
        guard let keys = status["keys"], keys.count > 0 else { return nil }
        var table = TextTable(columns: [
            TextTable.Column(title: "KEY", least: 8), TextTable.Column(title: "COPIES", isRight: true, leavesAt: 1),
            TextTable.Column(title: "SIZE", isRight: true, leavesAt: 2),
        ])
        table.rows = keys.elements.map { key in
            [
                TextTable.Cell(text(key["fingerprint"]) ?? "-"), TextTable.Cell(text(key["entries"]) ?? "-"),
                TextTable.Cell(number(key["bytes"]).map(SizeDisplay.short) ?? "-"),
            ]
        }
        return table
    }

    /// The latest requests to upstream; nil if there were none.
    static func recent(_ status: JSONValue, now: Int) -> TextTable? {
        guard let recent = status["upstream"]?["recent"], recent.count > 0 else { return nil }
        var table = TextTable(columns: [
            TextTable.Column(title: "FETCHED", least: 20),
            TextTable.Column(title: "AGO", isRight: true, leavesAt: 2),
            TextTable.Column(title: "STATUS", isRight: true, leavesAt: 1),
            TextTable.Column(title: "MS", isRight: true, leavesAt: 3),
            TextTable.Column(title: "SIZE", isRight: true, leavesAt: 4),
            TextTable.Column(title: "ERROR", least: 8, leavesAt: 5),
        ])
        table.rows = recent.elements.map { fetch in
            [
                TextTable.Cell(text(fetch["resource"]) ?? "-"),
                TextTable.Cell(number(fetch["time"]).map { AgeText.short(since: $0, now: now) } ?? "-"),
                TextTable.Cell(text(fetch["status"]) ?? "-"), TextTable.Cell(text(fetch["duration_ms"]) ?? "-"),
                TextTable.Cell(number(fetch["bytes"]).map(SizeDisplay.short) ?? "-"),
                TextTable.Cell(text(fetch["error"]) ?? "", .yellow),
            ]
        }
        return table
    }

    /// A whole number; one with a fraction is cut.
    static func number(_ value: JSONValue?) -> Int? {
        guard let spelled = value?.rawNumber else { return nil }
        return Int(spelled) ?? Double(spelled).flatMap { Int(exactly: $0.rounded(.towardZero)) }
    }

    /// A string or a number as it was spelled; nil for anything else and for nothing.
    static func text(_ value: JSONValue?) -> String? {
        let text = value?.string ?? value?.rawNumber
        return text?.isEmpty == true ? nil : text
    }
}
