/// Rows of text in columns that fit a width.
package struct TextTable {
    /// A column, and how it shrinks when there is not enough room.
    package struct Column {
        package var title: String
        package var isRight = false
        /// The minimum width it may be cut to; nil if it is never cut.
        package var least: Int?
        /// The columns with the highest number are left out first; nil if it is never left out.
        package var leavesAt: Int?
    }

    /// The content of one cell.
    package struct Cell: Equatable {
        package var text: String
        package var colour: Colour?
        package var link: String?

        package init(_ text: String, _ colour: Colour? = nil, link: String? = nil) {
            self.text = DisplayText.printable(text)
            self.colour = colour
            self.link = link
        }
    }

    package var columns: [Column]
    package var rows: [[Cell]] = []

    private static let gap = 2

    /// The cells that each column needs.
    private var natural: [Int] {
        columns.indices.map { column in
            rows.reduce(DisplayText.width(columns[column].title)) { max($0, DisplayText.width($1[column].text)) }
        }
    }

    /// The cells that a line takes as it is.
    var naturalWidth: Int { natural.reduce(0, +) + Self.gap * (columns.count - 1) }

    /// The title and the rows, a line each, none of them wider than the style's width.
    package func lines(_ style: TerminalStyle) -> [String] {
        var shown = Array(columns.indices)
        let natural = natural
        var widths = natural
        if let limit = style.width {
            widths = fitted(natural, &shown, to: limit)
        }
        var lines = [line(shown, widths, columns.map { Cell($0.title, .bold) }, style)]
        for row in rows { lines.append(line(shown, widths, row, style)) }
        return lines
    }

    /// The widths with which the columns fit in `limit` cells; those that do not fit at all leave `shown`.
    private func fitted(_ natural: [Int], _ shown: inout [Int], to limit: Int) -> [Int] {
        var widths = natural
        while true {
            var excess = shown.reduce(0) { $0 + natural[$1] } + Self.gap * (shown.count - 1) - limit
            for column in shown where excess > 0 {
                guard let least = columns[column].least else { continue }
                let taken = min(excess, max(0, natural[column] - least))
                widths[column] = natural[column] - taken
                excess -= taken
            }
            if excess <= 0 { return widths }
            let next = shown.filter { columns[$0].leavesAt != nil }.max {
                columns[$0].leavesAt ?? 0 < columns[$1].leavesAt ?? 0
            }
            guard let next else {
                // Nothing but the columns that stay: the lines are cut instead.
                for column in shown { widths[column] = min(natural[column], limit) }
                return widths
            }
            shown.removeAll { $0 == next }
            widths = natural
        }
    }

    private func line(_ shown: [Int], _ widths: [Int], _ cells: [Cell], _ style: TerminalStyle) -> String {
        var line = ""
        var used = 0
        for (index, column) in shown.enumerated() {
            if index > 0 {
                line += String(repeating: " ", count: Self.gap)
                used += Self.gap
            }
            var room = widths[column]
            if let limit = style.width { room = max(0, min(room, limit - used)) }
            let text = DisplayText.cut(cells[column].text, to: room, ellipsis: style.ellipsis)
            let padding = String(repeating: " ", count: room - DisplayText.width(text))
            let styled = text.isEmpty ? "" : style.apply(cells[column].colour, link: cells[column].link, to: text)
            line += columns[column].isRight ? padding + styled : styled + padding
            used += room
        }
        while line.hasSuffix(" ") { line.removeLast() }
        return line
    }
}
