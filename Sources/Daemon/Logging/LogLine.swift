import FoundationEssentials
import Logging
import Serving

/// Writes one record as a line, with its end. Whatever the texts hold, it stays one line, and one object where it is JSON.
enum LogLine {
    static func text(
        _ format: LineFormat, level: Logger.Level, message: String, metadata: [(String, String)]
    ) -> String {
        // Universal time, and the `Z` says so.
        let time = Date().formatted(
            .iso8601.year().month().day().time(includingFractionalSeconds: true).timeZone(separator: .omitted))
        switch format {
        case .text:
            var text = "\(time) \(level.rawValue) \(printable(message))"
            for (name, value) in metadata { text += " \(name)=\(isPlain(value) ? value : quoted(value))" }
            return text + "\n"
        case .json:
            let members = [("time", time), ("level", level.rawValue), ("message", message)] + metadata
            return "{" + members.map { "\(quoted($0)):\(quoted($1))" }.joined(separator: ",") + "}\n"
        }
    }

    private static func isPlain(_ value: String) -> Bool {
        value.unicodeScalars.allSatisfy { $0.value > 0x20 && $0 != "\"" && !isControl($0) }
    }

    /// Control characters could end the line or move a terminal's cursor.
    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029: true
        default: false
        }
    }

    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isControl($0) ? " " : $0 }))
    }

    private static func quoted(_ text: String) -> String {
        var out = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": out += "\\\""
            case "\\": out += "\\\\"
            case _ where isControl(scalar): out += " "
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out + "\""
    }
}
