import Bytes

/// Text as a terminal shows it.
package enum DisplayText {
    /// The text with a question mark in place of any character that could move the cursor, break the line or change the
    /// direction: a name comes from upstream and must not be able to write over the screen.
    package static func printable(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars { result.append(isPrintable(scalar) ? scalar : "?") }
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        // The joiner makes one sign of several emoji and does nothing else.
        if scalar == "\u{200D}" { return true }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: return false
        default: return true
        }
    }

    /// The number of cells that a terminal gives to a text.
    package static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

    /// The text, or as much of its start as fits in this many cells, followed by the ellipsis.
    package static func cut(_ text: String, to width: Int, ellipsis: String) -> String {
        if Self.width(text) <= width { return text }
        let room = width - Self.width(ellipsis)
        if room < 0 { return String(repeating: ".", count: max(width, 0)) }
        var result = ""
        var used = 0
        for character in text {
            used += Self.width(character)
            if used > room { break }
            result.append(character)
        }
        return result + ellipsis
    }

    /// The text in lines of this many cells, broken at spaces. A longer word has a line of its own.
    package static func wrapped(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        var line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, Self.width(line) + 1 + Self.width(String(word)) > width {
                lines.append(line)
                line = ""
            }
            line += line.isEmpty ? word : " " + word
        }
        return line.isEmpty ? lines : lines + [line]
    }

    private static func width(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        // U+FE0F asks for the picture of a sign, which is wide.
        if scalars.contains("\u{FE0F}") { return 2 }
        return scalars.first.map(width) ?? 0
    }

    private static func width(_ scalar: Unicode.Scalar) -> Int {
        if scalar.isASCII { return 1 }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        if scalar.properties.isEmojiPresentation { return 2 }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }

    /// What Unicode Standard Annex 11 calls wide or full-width, in blocks.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0xA4CF, 0xA960...0xA97C,
        0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x17000...0x18CFF,
        0x1AFF0...0x1B2FF, 0x1F200...0x1F265, 0x20000...0x3FFFD,
    ]
}

/// A time span in one number and one unit, short enough for a table column.
package enum AgeText {
    private static let day = 86_400

    /// The span from an externally given time to `now`.
    package static func short(since moment: Int, now: Int) -> String { short(now.subtractingSaturated(moment)) }

    /// The span in whole units, rounded down: `45s`, `12m`, `7h`, `20d`, `11mo`, `3y`.
    package static func short(_ seconds: Int) -> String {
        switch max(seconds, 0) {
        case ..<60: "\(max(seconds, 0))s"
        case ..<3_600: "\(seconds / 60)m"
        case ..<(2 * day): "\(seconds / 3_600)h"
        case ..<(100 * day): "\(seconds / day)d"
        case ..<(730 * day): "\(seconds / (30 * day))mo"
        default: "\(seconds / (365 * day))y"
        }
    }
}

/// Writes texts as parts of a URL (RFC 3986 section 2).
package enum QueryText {
    /// `name=value&...`, every byte encoded that is not a letter, a digit or one of `-._~`.
    package static func query(_ parameters: [(name: String, value: String)]) -> String {
        parameters.map {
            "\(PercentEncoding.encoded($0.name.utf8))=\(PercentEncoding.encoded($0.value.utf8))"
        }.joined(separator: "&")
    }

    /// A path without its first slash: slashes and colons stay as they are.
    package static func path(_ text: String) -> String { PercentEncoding.encoded(text.utf8, keeping: "/:") }
}
