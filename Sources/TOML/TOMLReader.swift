/// Reads a document from its first byte to its last: the lines and what they are made of.
///
/// Its other files read keys, strings, and numbers and dates.
struct TOMLReader {
    let bytes: [UInt8]
    /// The byte that is next.
    var position = 0
    /// The line of that byte, from 1.
    var line = 1
    private let limits: TOMLLimits
    private var tree = TOMLTree()

    init(_ bytes: [UInt8], limits: TOMLLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    // MARK: Lines

    mutating func document() throws(TOMLError) -> TOMLTable {
        if bytes.count > limits.bytes { throw fault("the file is larger than \(limits.bytes) bytes") }
        if let invalid = TOMLReader.firstInvalid(bytes) { throw fault("not UTF-8", at: invalid) }
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
        var table = TOMLTree.root
        var depth = 0
        while true {
            skipBlanks()
            guard let byte = next else { return tree.finished(TOMLTree.root) }
            switch byte {
            case UInt8(ascii: "#"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): break
            case UInt8(ascii: "["): (table, depth) = try header()
            default: try pair(in: table, depth: depth)
            }
            try endLine()
        }
    }

    /// A header `[a.b]` or `[[a.b]]`: the table that it opens, and how deep that is.
    private mutating func header() throws(TOMLError) -> (table: Int, depth: Int) {
        let start = line
        position += 1
        let isElement = next == UInt8(ascii: "[")
        if isElement { position += 1 }
        skipBlanks()
        let path = try key("the name of a table")
        let closing = isElement ? "]]" : "]"
        for byte in closing.utf8 {
            guard next == byte else { throw fault("expected `\(closing)` after the name of the table") }
            position += 1
        }
        if path.count > limits.depth { throw tooDeep(path[0].position) }
        do {
            let table =
                isElement ? try tree.openElement(path, line: start) : try tree.openTable(path, line: start)
            return (table, path.count)
        } catch {
            throw fault(error.reason, at: path[error.part].position)
        }
    }

    /// A key with its value.
    private mutating func pair(in table: Int, depth: Int) throws(TOMLError) {
        let path = try key("a key")
        if depth + path.count > limits.depth { throw tooDeep(path[0].position) }
        guard next == UInt8(ascii: "=") else {
            let name = path.map { TOMLText.key($0.text) }.joined(separator: ".")
            throw fault("expected `=` after the key `\(name)`")
        }
        position += 1
        skipBlanks()
        let value = try readValue(depth: depth + path.count)
        do {
            try tree.set(path, in: table, to: value)
        } catch {
            throw fault(error.reason, at: path[error.part].position)
        }
    }

    /// What may follow on a line: blanks and a comment.
    private mutating func endLine() throws(TOMLError) {
        skipBlanks()
        try skipComment()
        if next != nil, try !skipNewline() { throw fault("expected the end of the line, not \(shown)") }
    }

    // MARK: Values

    private mutating func readValue(depth: Int) throws(TOMLError) -> TOMLValue {
        let start = line
        let content: TOMLValue.Content =
            switch next {
            case UInt8(ascii: "\""), UInt8(ascii: "'"): .string(try string())
            case UInt8(ascii: "["): .array(try array(depth: depth + 1))
            case UInt8(ascii: "{"): .table(try inlineTable(depth: depth))
            default: try scalar()
            }
        return TOMLValue(content, line: start)
    }

    private mutating func array(depth: Int) throws(TOMLError) -> [TOMLValue] {
        let start = position
        if depth > limits.depth { throw tooDeep(start) }
        var items: [TOMLValue] = []
        position += 1
        while true {
            try skipLines(of: start)
            if next == UInt8(ascii: "]") { break }
            items.append(try readValue(depth: depth))
            try skipLines(of: start)
            if next == UInt8(ascii: "]") { break }
            guard next == UInt8(ascii: ",") else { throw fault("expected `,` or `]` in the array, not \(shown)") }
            position += 1
        }
        position += 1
        return items
    }

    /// Blanks, comments and newlines within the array that begins at `start`.
    private mutating func skipLines(of start: Int) throws(TOMLError) {
        repeat {
            skipBlanks()
            try skipComment()
        } while try skipNewline()
        if next == nil { throw fault("the array has no `]`", at: start) }
    }

    private mutating func inlineTable(depth: Int) throws(TOMLError) -> TOMLTable {
        let start = position
        let table = tree.newTable(line: line)
        position += 1
        skipBlanks()
        if next == UInt8(ascii: "}") {
            position += 1
            return tree.finished(table)
        }
        while true {
            skipBlanks()
            try pair(in: table, depth: depth)
            skipBlanks()
            switch next {
            case UInt8(ascii: "}"):
                position += 1
                return tree.finished(table)
            case UInt8(ascii: ","): position += 1
            case nil: throw fault("the inline table has no `}`", at: start)
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: "#"):
                throw fault("expected `,` or `}`: an inline table must be on one line")
            default: throw fault("expected `,` or `}` in the inline table, not \(shown)")
            }
        }
    }

    private func tooDeep(_ position: Int) -> TOMLError { fault("more than \(limits.depth) levels", at: position) }
}

// Single bytes: what is next, what may be passed over, and how faults show it.

extension TOMLReader {
    /// The next byte; nil at the end.
    var next: UInt8? { peek(0) }

    /// A byte that is so far ahead.
    func peek(_ ahead: Int) -> UInt8? { position + ahead < bytes.count ? bytes[position + ahead] : nil }

    mutating func skipBlanks() {
        while next == UInt8(ascii: " ") || next == UInt8(ascii: "\t") { position += 1 }
    }

    /// Passes over one newline; false if there is none here.
    mutating func skipNewline() throws(TOMLError) -> Bool {
        switch next {
        case UInt8(ascii: "\n"): position += 1
        case UInt8(ascii: "\r"):
            guard peek(1) == UInt8(ascii: "\n") else { throw fault("a carriage return without a newline") }
            position += 2
        default: return false
        }
        line += 1
        return true
    }

    mutating func skipComment() throws(TOMLError) {
        guard next == UInt8(ascii: "#") else { return }
        while let byte = next, byte != UInt8(ascii: "\n") {
            if byte == UInt8(ascii: "\r") && peek(1) == UInt8(ascii: "\n") { return }
            try refuseControl(byte, in: "a comment")
            position += 1
        }
    }

    /// Control characters other than the tab may stand nowhere.
    func refuseControl(_ byte: UInt8, in what: String) throws(TOMLError) {
        if (byte < 0x20 && byte != UInt8(ascii: "\t")) || byte == 0x7F {
            let code = String(byte, radix: 16, uppercase: true)
            throw fault("the control character U+\(String(repeating: "0", count: 4 - code.count))\(code) in \(what)")
        }
    }

    /// A fault at the next byte.
    func fault(_ reason: String) -> TOMLError { TOMLError(bytes, at: position, reason) }

    func fault(_ reason: String, at position: Int) -> TOMLError { TOMLError(bytes, at: position, reason) }

    /// The next character, for a message.
    var shown: String {
        guard let byte = next else { return "the end of the file" }
        if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { return "the end of the line" }
        var end = position + 1
        while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
        return "`\(text(position..<end))`"
    }

    /// Bytes of the document as text.
    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    /// The first byte that is not part of well-formed UTF-8 (Unicode, table 3-7).
    static func firstInvalid(_ bytes: [UInt8]) -> Int? {
        var position = 0
        while position < bytes.count {
            let first = bytes[position]
            let more: Int
            var second: ClosedRange<UInt8> = 0x80...0xBF
            switch first {
            case 0...0x7F: more = 0
            case 0xC2...0xDF: more = 1
            case 0xE0...0xEF:
                more = 2
                if first == 0xE0 { second = 0xA0...0xBF }
                if first == 0xED { second = 0x80...0x9F }
            case 0xF0...0xF4:
                more = 3
                if first == 0xF0 { second = 0x90...0xBF }
                if first == 0xF4 { second = 0x80...0x8F }
            default: return position
            }
            if position + more >= bytes.count { return position }
            for offset in 0..<more {
                let allowed = offset == 0 ? second : 0x80...0xBF
                if !allowed.contains(bytes[position + 1 + offset]) { return position }
            }
            position += 1 + more
        }
        return nil
    }
}
