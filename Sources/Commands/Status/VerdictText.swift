import JSONDocument

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
