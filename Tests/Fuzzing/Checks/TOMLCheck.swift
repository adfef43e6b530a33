import TOML

/// Reads bytes as a file of settings is read.
public enum TOMLCheck {
    /// What is wrong, or nil.
    public static func fault(in input: [UInt8]) -> String? {
        let table: TOMLTable
        do {
            table = try TOMLTable(parsing: input)
        } catch {
            return fault(in: error, of: input)
        }
        // What is written reads back the same: a document of one line for each key, all tables inline. That may be deeper.
        let wide = TOMLLimits(bytes: 1 << 24, depth: 400)
        let written = table.entries.map { "\(TOMLText.key($0.key)) = \($0.value)\n" }.joined()
        guard let again = try? TOMLTable(parsing: Array(written.utf8), limits: wide) else {
            return "not valid as it is written: \(written)"
        }
        if !isSame(again.description, table.description) { return "another meaning as it is written: \(written)" }
        return faultInSpelling(of: input, table)
    }

    /// Newlines of two bytes, a byte order mark and a comment at the end change nothing.
    private static func faultInSpelling(of input: [UInt8], _ table: TOMLTable) -> String? {
        let wide = TOMLLimits(bytes: 1 << 24)
        var spelled: [UInt8] = input.starts(with: mark) ? [] : mark
        var last: UInt8 = 0
        for byte in input {
            if byte == UInt8(ascii: "\n"), last != UInt8(ascii: "\r") { spelled.append(UInt8(ascii: "\r")) }
            spelled.append(byte)
            last = byte
        }
        spelled += Array("\n# end".utf8)
        guard let again = try? TOMLTable(parsing: spelled, limits: wide), isSame(again.description, table.description)
        else { return "another meaning with CR LF" }
        return nil
    }

    private static func fault(in error: TOMLError, of input: [UInt8]) -> String? {
        let lines = 1 + input.count { $0 == UInt8(ascii: "\n") }
        let longest = input.split(separator: UInt8(ascii: "\n")).map(\.count).max() ?? 0
        if !(1...lines).contains(error.line) { return "no such line: \(error)" }
        if !(1...longest + 1).contains(error.column) { return "no such column: \(error)" }
        let isOneLine = error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 }
        return isOneLine && !error.reason.isEmpty ? nil : "a message that cannot be shown"
    }

    private static let mark: [UInt8] = [0xEF, 0xBB, 0xBF]

    /// Byte by byte, where `==` has Unicode's equivalence.
    private static func isSame(_ one: String, _ other: String) -> Bool { one.utf8.elementsEqual(other.utf8) }
}
