import TestSupport

/// Makes documents up: lines of TOML over few keys, so that many tables meet, and now and then a byte that is wrong.
struct DocumentGenerator {
    var random: SeededGenerator

    mutating func document() -> [UInt8] {
        var text = ""
        for _ in 0..<Int.random(in: 1...5, using: &random) { text += line() + pick(["\n", "\n", "\n", "\r\n"]) }
        if chance(4) { return mutated(Array(text.utf8)) }
        return Array(text.utf8)
    }

    private mutating func line() -> String {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: pick(["", " ", "# a = 1", "\t# é", "#"])
        case 1, 2: "[\(blank())\(key())\(blank())]\(end())"
        case 3: "[[\(blank())\(key())\(blank())]]\(end())"
        default: "\(blank())\(key())\(blank())=\(blank())\(value(3))\(end())"
        }
    }

    private mutating func key() -> String {
        let parts = (0..<Int.random(in: 1...3, using: &random)).map { _ in
            pick([
                "a", "b", "c", "a", "b", "a-1_", "1", "\"a\"", "'b'", "\"\"", "\"é\"", "\"\\u0061\"", "\"a.b\"", "true",
            ])
        }
        return parts.joined(separator: blank() + "." + blank())
    }

    private mutating func value(_ depth: Int) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 12 : 9), using: &random) {
        case 0: return pick(["true", "false", "inf", "-inf", "+nan", "nan"])
        case 1...3:
            if chance(2) { return pick(["1", "-17", "1_000", "0xFf", "0o17", "0b10", "1.5", "-0.0", "1e3", "True"]) }
            return chance(3) ? date() : chance(2) ? integer() : float()
        case 4, 5: return "\"\(content(escapes: true, lines: false))\""
        case 6: return "'\(content(escapes: false, lines: false))'"
        case 7: return "\"\"\"\(content(escapes: true, lines: true))\"\"\""
        case 8: return "'''\(content(escapes: false, lines: true))'''"
        case 9, 10:
            let items = (0..<Int.random(in: 0...3, using: &random)).map { _ in gap() + value(depth - 1) + gap() }
            return
                "[\(items.joined(separator: ","))\(items.isEmpty ? gap() : chance(20) ? ",," : pick(["", ",", ",\n"]))]"
        default:
            let pairs = (0..<Int.random(in: 0...3, using: &random)).map { _ in
                "\(blank())\(key())\(blank())=\(blank())\(value(depth - 1))\(blank())"
            }
            return "{\(pairs.joined(separator: ","))\(chance(10) ? pick([",", "\n"]) : blank())}"
        }
    }

    private mutating func integer() -> String {
        switch Int.random(in: 0..<6, using: &random) {
        case 0:
            pick(["9223372036854775807", "-9223372036854775808", "9223372036854775808", "1_000", "1__0", "_1", "1_"])
        case 1: pick(["0x", "0o", "0b", "0X"]) + digits("01_7aF")
        case 2: pick(["0", "-0", "+0", "00", "-01", "+9", "--1"])
        default: pick(["", "-", "+"]) + digits("0123456789_")
        }
    }

    private mutating func float() -> String {
        var text = pick(["", "-", "+"]) + digits("0123456789_")
        if chance(2) { text += "." + digits("0123456789_") }
        if chance(2) { text += pick(["e", "E"]) + pick(["", "-", "+"]) + digits("0123_") }
        return text
    }

    private mutating func date() -> String {
        let day =
            pick(["1979", "2000", "1900", "2024"]) + "-" + pick(["01", "02", "04", "12", "13"]) + "-"
            + pick(["01", "28", "29", "30", "31"])
        let time =
            pick(["00", "07", "23", "24"]) + ":" + pick(["00", "59"])
            + pick([":00", ":59", ":59", ":61", ""])
            + pick(["", "", ".5", ".123456789", "."])
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return day
        case 1: return time
        default:
            return day + pick(["T", " ", "t", "  ", "x"]) + time
                + pick(["", "Z", "z", "+07:00", "-23:59", "+24:00", "+7"])
        }
    }

    private mutating func content(escapes: Bool, lines: Bool) -> String {
        var text = ""
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            text += pick(["a", "é", "#", " ", "\t", "😀", "=", "]", "'", "\"", "b"])
            if escapes, chance(3) { text += pick(["\\n", "\\\\", "\\\"", "\\u00e9", "\\U0001F600", "\\t"]) }
            if escapes, chance(20) { text += pick(["\\e", "\\uD800", "\\u12"]) }
            if escapes, lines, chance(6) { text += pick(["\\\n", "\\ \n  \n"]) }
            if lines, chance(3) { text += pick(["\n", "\r\n", "\n\n", "''", "\"\""]) }
        }
        // Most texts fit the quotes around them.
        return chance(10) ? text : String(text.unicodeScalars.filter { $0 != "\"" && $0 != "'" })
    }

    private mutating func digits(_ alphabet: String) -> String {
        let bytes = Array(alphabet.utf8)
        let word = (0..<Int.random(in: 1...4, using: &random)).map { _ in bytes.randomElement(using: &random) ?? 0 }
        return String(decoding: word, as: UTF8.self)
    }

    private mutating func mutated(_ bytes: [UInt8]) -> [UInt8] {
        var scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        let position = Int.random(in: 0..<scalars.count, using: &random)
        let strange: [Unicode.Scalar] = [
            "\0", "\r", "\n", "\"", "'", "[", "]", "{", "}", "=", ".", ",", "#", "\\", "\u{7F}", "\u{A0}", "_", "é",
        ]
        switch Int.random(in: 0..<3, using: &random) {
        case 0: scalars.remove(at: position)
        case 1: scalars[position] = pick(strange)
        default: scalars.insert(pick(strange), at: position)
        }
        return Array(String(String.UnicodeScalarView(scalars)).utf8)
    }

    // MARK: Small parts

    private mutating func blank() -> String { pick(["", "", " ", "\t "]) }
    private mutating func gap() -> String { pick(["", "", " ", "\n", " # x\n", "\r\n"]) }
    private mutating func end() -> String { chance(60) ? " x" : pick(["", "", " # é", "\t"]) }
    private mutating func chance(_ one: Int) -> Bool { Int.random(in: 0..<one, using: &random) == 0 }
    private mutating func pick<Item>(_ items: [Item]) -> Item { items[Int.random(in: 0..<items.count, using: &random)] }
}
