/// Why a text is not a TOML 1.0 document, and where.
public struct TOMLError: Error, Equatable, CustomStringConvertible {
    /// The line, from 1.
    public let line: Int
    /// The character in the line (a Unicode scalar), from 1.
    public let column: Int
    /// What is wrong, without the place. It may quote the document, control characters included.
    public let reason: String

    /// The place and the reason, on one line.
    public var description: String { "line \(line), column \(column): \(TOMLText.oneLine(reason))" }
}

extension TOMLError {
    /// An error at a byte of the document.
    init(_ bytes: [UInt8], at position: Int, _ reason: String) {
        let before = bytes[..<min(position, bytes.count)]
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        // A byte order mark is no character of the first line.
        let isMarked = start == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF])
        let scalars = before[start...].count { $0 & 0xC0 != 0x80 }
        line = 1 + before.count { $0 == UInt8(ascii: "\n") }
        column = max(1, 1 + scalars - (isMarked ? 1 : 0))
        self.reason = reason
    }
}

/// The limits of a document.
public struct TOMLLimits: Sendable {
    /// The largest document, in bytes.
    public var bytes: Int
    /// The most levels of tables and arrays. Reading recurses, so it protects the stack.
    public var depth: Int

    /// By default 1 MiB and 64 levels.
    public init(bytes: Int = 1 << 20, depth: Int = 64) {
        self.bytes = bytes
        self.depth = depth
    }
}

/// How values and keys are written in TOML.
public enum TOMLText {
    /// A basic string, on one line whatever it contains.
    public static func quoted(_ text: String) -> String { "\"" + escaped(text, also: ["\"", "\\"]) + "\"" }

    /// An array of strings.
    public static func list(_ items: [String]) -> String { "[" + items.map(quoted).joined(separator: ", ") + "]" }

    /// A text without what would break a line or upset a terminal, for comments and messages.
    public static func oneLine(_ text: String) -> String { escaped(text, also: []) }

    /// One part of a dotted key, in quotes if it needs them.
    public static func key(_ text: String) -> String {
        !text.isEmpty && text.utf8.allSatisfy(isBare) ? text : quoted(text)
    }

    /// Whether a byte may stand in a key without quotes.
    static func isBare(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: "_")
    }

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
