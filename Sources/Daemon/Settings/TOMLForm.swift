/// Looks over a file of settings before the parser sees it.
///
/// The parser (toml++ 3.4) ends the process by an assertion for some faults: a strange letter behind the `[` of a
/// table, a `}` where the item of an array should be, half a date. A slip of the pen in a file that is read again while the
/// process serves must not do that, so these are found here. Dates, which no setting has, are refused as a whole.
struct TOMLForm {
    /// What is wrong, and in which line.
    struct Fault: Error {
        let line: Int
        let reason: String
    }

    private let bytes: [UInt8]
    private var at = 0
    private var line = 1

    /// Finds the first fault, if there is one.
    static func check(_ text: String) throws(Fault) {
        var form = TOMLForm(bytes: Array(text.utf8))
        try form.run()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func run() throws(Fault) {
        var depth = 0
        var last: UInt8 = 0
        var startsLine = true
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { at = 3 }
        while let byte = peek() {
            switch byte {
            case UInt8(ascii: "\n"):
                line += 1
                startsLine = true
                at += 1
                continue
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"):
                at += 1
                continue
            case UInt8(ascii: "#"):
                while let next = peek(), next != UInt8(ascii: "\n") { at += 1 }
                continue
            case UInt8(ascii: "\""), UInt8(ascii: "'"):
                try skipString(byte)
                last = byte
                startsLine = false
                continue
            case UInt8(ascii: "[") where startsLine && depth == 0:
                guard startsTable else { throw fault("no name behind the [ of a table") }
            case UInt8(ascii: "}") where last == UInt8(ascii: "[") || last == UInt8(ascii: ","):
                throw fault("a } where a value should be")
            case UInt8(ascii: "0")...UInt8(ascii: "9") where startsDate:
                throw fault("a date or a time, which no setting has")
            case ..<0x20, 0x7F...: throw fault("a character that may stand in strings and comments alone")
            default: break
            }
            if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") { depth = max(0, depth - 1) }
            last = byte
            startsLine = false
            at += 1
        }
    }

    private func fault(_ reason: String) -> Fault { Fault(line: line, reason: reason) }

    private func peek(_ ahead: Int = 0) -> UInt8? { at + ahead < bytes.count ? bytes[at + ahead] : nil }

    /// Moves behind a string of one line, or of several when it begins with three quotation marks.
    private mutating func skipString(_ quote: UInt8) throws(Fault) {
        let start = line
        let isLong = peek(1) == quote && peek(2) == quote
        at += isLong ? 3 : 1
        while let byte = peek(), isLong || byte != UInt8(ascii: "\n") {
            if byte == UInt8(ascii: "\n") { line += 1 }
            if byte == UInt8(ascii: "\\"), quote == UInt8(ascii: "\"") {
                if peek(1) == UInt8(ascii: "\n") { line += 1 }
                at += 2
            } else if byte == quote, !isLong || (peek(1) == quote && peek(2) == quote) {
                at += isLong ? 3 : 1
                // A string of several lines may have two more quotation marks before those that end it.
                while isLong, peek() == quote { at += 1 }
                return
            } else {
                at += 1
            }
        }
        throw Fault(line: start, reason: "a string without an end")
    }

    /// Whether a name, or the end of the table's header, stands behind one bracket or two.
    private var startsTable: Bool {
        var rest = bytes[(at + 1)...].drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        if rest.first == UInt8(ascii: "[") {
            rest = rest.dropFirst().drop { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        }
        guard let first = rest.first else { return false }
        return Self.isBare(first) || "\"']".utf8.contains(first)
    }

    /// Whether a number begins here that a hyphen or a colon follows.
    private var startsDate: Bool {
        if at > 0, Self.isBare(bytes[at - 1]) { return false }
        let next = bytes[at...].drop { $0 &- UInt8(ascii: "0") < 10 }.first
        return next == UInt8(ascii: "-") || next == UInt8(ascii: ":")
    }

    private static func isBare(_ byte: UInt8) -> Bool {
        byte &- UInt8(ascii: "0") < 10 || (byte | 0x20) &- UInt8(ascii: "a") < 26 || "-_".utf8.contains(byte)
    }
}
