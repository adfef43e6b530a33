import Catalog
import EventLoop
import HTTPClient

/// A list of models as text: a table, and a line on how many and how fresh they are.
package struct ModelsPage {
    package let list: ModelsAnswer
    /// The changes to mark; nil if marks are never shown.
    package var changes: ListChanges?
    /// Seconds since 1970.
    package let now: Int

    /// The lines, none of them wider than the style's width. With `height`, at most that many lines.
    package func lines(_ style: TerminalStyle, height: Int? = nil) -> [String] {
        var shown = list.rows[...]
        // The titles, an empty line and the footer take three; a list that is longer is cut, and the footer says so.
        if let height { shown = shown.prefix(max(1, height - 3)) }
        var table = makeTable(shown, isShort: false, style)
        if let width = style.width, table.naturalWidth > width { table = makeTable(shown, isShort: true, style) }
        let lines = list.rows.isEmpty ? ["no models"] : table.lines(style)
        return lines + ["", style.apply(.faint, to: style.fitted(footer(shown.count)))]
    }

    private func makeTable(_ rows: ArraySlice<ModelRow>, isShort: Bool, _ style: TerminalStyle) -> TextTable {
        var table = TextTable(columns: [
            TextTable.Column(title: "MODEL", least: 24),
            TextTable.Column(title: "CONTEXT", isRight: true, leavesAt: 1),
            TextTable.Column(title: "$/M IN", isRight: true, leavesAt: 2),
            TextTable.Column(title: "$/M OUT", isRight: true, leavesAt: 3),
            TextTable.Column(title: isShort ? "MODES" : "MODALITIES", leavesAt: 5),
            TextTable.Column(title: "AGE", isRight: true, leavesAt: 4),
        ])
        if changes != nil { table.columns.insert(TextTable.Column(title: ""), at: 0) }
        table.rows = rows.map { row in
            var cells = [
                TextTable.Cell(row.id, link: row.link), TextTable.Cell(row.context.map { "\($0)" } ?? "-"),
                price(row.prompt, style), price(row.completion, style),
                TextTable.Cell(modalities(row, isShort: isShort)),
                TextTable.Cell(row.created.map { AgeText.short(since: $0, now: now) } ?? "-"),
            ]
            if let changes {
                let mark = changes.mark(of: row.id)
                cells.insert(TextTable.Cell(mark?.rawValue ?? "", mark == .new ? .green : .yellow), at: 0)
            }
            return cells
        }
        return table
    }

    /// The cells for a price on a terminal. Some of upstream's have twenty places, from floating-point rounding; they
    /// would take all the space. In a pipe they are not shortened.
    private static let priceWidth = 9

    private func price(_ price: PriceText.Price, _ style: TerminalStyle) -> TextTable.Cell {
        switch price {
        case .known(let value):
            let text = PriceText.shown(price)
            return TextTable.Cell(
                style.width == nil ? text : DisplayText.cut(text, to: Self.priceWidth, ellipsis: style.ellipsis),
                value.units == 0 ? .green : nil)
        case .absent, .varies, .unreadable: return TextTable.Cell(PriceText.shown(price), .faint)
        }
    }

    /// `text,image>text`; where there is little room, the first letters alone: `ti>t`. Transcription has a capital one.
    private func modalities(_ row: ModelRow, isShort: Bool) -> String {
        func joined(_ list: [String]) -> String {
            isShort
                ? list.map { $0 == "transcription" ? "T" : String($0.prefix(1)) }.joined() : list.joined(separator: ",")
        }
        return row.inputs.isEmpty && row.outputs.isEmpty ? "-" : joined(row.inputs) + ">" + joined(row.outputs)
    }

    private func footer(_ shownCount: Int) -> String {
        let count = list.rows.count
        var parts: [String] = []
        if let total = list.total, total != count {
            parts.append("\(count) of \(total) models")
        } else {
            parts.append(count == 1 ? "1 model" : "\(count) models")
        }
        if shownCount < count { parts[0] += " (\(shownCount) shown)" }
        if let age = list.age { parts.append("\(AgeText.short(age)) old") }
        if let origin = list.origin { parts.append(origin) }
        if let summary = changes?.summary { parts.append(summary) }
        return parts.joined(separator: " | ")
    }
}

/// What `larder models` does.
public enum ModelsListing {
    /// How a list is written.
    public enum Form: Sendable {
        /// A table for a person.
        case table
        /// The models, byte for byte as upstream wrote them.
        case json
        /// Comma-separated values.
        case csv
    }

    /// Asks once; returns the whole output.
    public static func once(
        _ request: ModelsRequest, as form: Form, style: TerminalStyle
    ) throws(ClientFailure) -> [UInt8] {
        let response = try LarderClient.ask(request.address, request.path, fields: request.fields)
        guard response.status == 200 else { throw request.refusal(response) }
        let list = try ModelsAnswer(response)
        switch form {
        case .json: return list.json
        case .csv: return Array(list.csv.utf8)
        case .table:
            let page = ModelsPage(list: list, now: Int(Loop.wallSeconds))
            return Array((page.lines(style).joined(separator: "\n") + "\n").utf8)
        }
    }

    /// Asks at an interval in seconds and writes each list, until SIGINT, SIGTERM or SIGHUP. It fails only if the very
    /// first answer is not a list.
    public static func watch(
        _ request: ModelsRequest, every seconds: Double, style: @escaping () -> TerminalStyle,
        write: @escaping (String) -> Void
    ) throws(ClientFailure) {
        let loop = Loop()
        defer { loop.close() }
        let watch = try ModelsWatch(request, every: seconds, on: loop, style: style, write: write)
        try watch.start()
        loop.run()
        if let failure = watch.failure { throw failure }
    }
}
