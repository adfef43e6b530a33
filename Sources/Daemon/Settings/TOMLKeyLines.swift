/// Finds the lines of a TOML file in which keys are set, for messages: the parser tells lines of its own errors alone.
///
/// It reads the file line by line. What looks like a key within a string of several lines may mislead it, to no harm.
struct TOMLKeyLines {
    private var lines: [String: Int] = [:]

    init(_ text: String) {
        var table: [String] = []
        let all = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, line) in all.enumerated() {
            let trimmed = line.drop { $0 == " " || $0 == "\t" }
            if trimmed.first == "[" {
                let inner = trimmed.drop { $0 == "[" }
                table = Self.key(inner, until: "]") ?? table
                note(table, line: index + 1)
            } else if let key = Self.key(trimmed, until: "=") {
                note(table + key, line: index + 1)
            }
        }
    }

    private mutating func note(_ key: [String], line: Int) {
        let name = key.joined(separator: ".")
        if lines[name] == nil { lines[name] = line }
    }

    /// The line that sets a key, or that opens the table or inline table it stands in.
    func line(of name: String) -> Int? {
        var name = Substring(name)
        while true {
            if let line = lines[String(name)] { return line }
            guard let dot = name.lastIndex(of: ".") else { return nil }
            name = name[..<dot]
        }
    }

    /// The parts of a dotted key in front of `end`, without their quotation marks; nil when there is no such key.
    private static func key(_ text: Substring, until end: Character) -> [String]? {
        var parts = [""]
        var quote: Character?
        for letter in text {
            if let open = quote {
                if letter == open { quote = nil } else { parts[parts.count - 1].append(letter) }
                continue
            }
            switch letter {
            case end: return parts == [""] ? nil : parts
            case "\"", "'": quote = letter
            case ".": parts.append("")
            case " ", "\t": continue
            case "#": return nil
            default: parts[parts.count - 1].append(letter)
            }
        }
        return nil
    }
}
