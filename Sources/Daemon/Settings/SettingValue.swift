/// A value as somebody wrote it: a text from the environment or a flag, or what TOML made of it.
enum SettingValue: Sendable, Equatable {
    case text(String)
    case integer(Int)
    case boolean(Bool)
    case list([SettingValue])
    /// A value of some other type, which no setting has, as TOML.
    case other(String)
}

extension SettingValue: CustomStringConvertible {
    /// The value as TOML, for a message.
    var description: String {
        switch self {
        case .text(let text): TOMLText.quoted(text)
        case .integer(let number): String(number)
        case .boolean(let truth): String(truth)
        case .list(let items): "[" + items.map(\.description).joined(separator: ", ") + "]"
        case .other(let text): text
        }
    }
}

/// How values are written in TOML.
enum TOMLText {
    /// A basic string, on one line whatever it holds.
    static func quoted(_ text: String) -> String { "\"" + escaped(text, also: ["\"", "\\"]) + "\"" }

    /// A list of strings.
    static func list(_ items: [String]) -> String { "[" + items.map(quoted).joined(separator: ", ") + "]" }

    /// A text without what would break a line or upset a terminal, for comments and messages.
    static func oneLine(_ text: String) -> String { escaped(text, also: []) }

    /// The text with control characters, those that break lines, and `others` escaped as TOML has it.
    private static func escaped(_ text: String, also others: Set<Unicode.Scalar>) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case _ where others.contains(scalar): result += "\\\(scalar)"
            case 0x0A: result += "\\n"
            case 0x09: result += "\\t"
            case ..<0x20, 0x7F...0x9F, 0x2028...0x2029:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
