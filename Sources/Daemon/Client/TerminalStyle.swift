/// What may be written to where the output goes.
public struct TerminalStyle: Sendable, Equatable {
    /// The cells of a line; nil if lines may have any length, as in a file.
    var width: Int?

    /// The lines of a screen; nil if there is no screen.
    var height: Int?

    /// Whether colours and links may be written.
    var isStyled: Bool

    /// What stands for text that was cut off.
    var ellipsis: String

    /// No limits and nothing but text.
    static let plain = TerminalStyle(width: nil, height: nil, isStyled: false, ellipsis: "...")

    /// The style for an output. `size` is nil if that is no terminal.
    ///
    /// `NO_COLOR` with any value and `TERM=dumb` keep escape sequences out; `COLUMNS` goes over the terminal's own width.
    static func of(_ environment: [String: String], size: (columns: Int, rows: Int)?) -> TerminalStyle {
        guard let size else { return .plain }
        let wantsNone = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let isUTF8 = locale.lowercased().contains("utf-8") || locale.lowercased().contains("utf8")
        let columns = environment["COLUMNS"].flatMap { Int($0) }.flatMap { $0 > 0 ? $0 : nil }
        return TerminalStyle(
            width: columns ?? size.columns, height: size.rows,
            isStyled: !wantsNone && environment["TERM"] != "dumb" && environment["TERM"] != nil,
            ellipsis: isUTF8 ? "\u{2026}" : "...")
    }

    /// A text, cut to the width of a line.
    func fitted(_ text: String) -> String {
        width.map { DisplayText.cut(text, to: $0, ellipsis: ellipsis) } ?? text
    }

    /// A text with a colour and as a link, where both are possible.
    func apply(_ colour: Colour?, link: String? = nil, to text: String) -> String {
        guard isStyled else { return text }
        var result = text
        if let colour { result = "\u{1B}[\(colour.rawValue)m\(result)\u{1B}[0m" }
        // OSC 8: the de facto standard for links in terminals.
        if let link { result = "\u{1B}]8;;\(link)\u{1B}\\\(result)\u{1B}]8;;\u{1B}\\" }
        return result
    }
}

/// A colour, or what comes near to one, by its number in "Select Graphic Rendition" (ECMA-48 section 8.3.117).
enum Colour: Int, Sendable {
    case bold = 1
    case faint = 2
    case red = 31
    case green = 32
    case yellow = 33
}
