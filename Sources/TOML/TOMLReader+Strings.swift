import Bytes

// Keys and strings.

extension TOMLReader {
    /// A dotted key, and the blanks behind it. `what` names what is missing if there is none.
    mutating func key(_ what: String) throws(TOMLError) -> [TOMLTree.Key] {
        var path: [TOMLTree.Key] = []
        while true {
            let start = position
            switch next {
            case UInt8(ascii: "\""): path.append(TOMLTree.Key(name: try basicString(), position: start))
            case UInt8(ascii: "'"): path.append(TOMLTree.Key(name: try literalString(), position: start))
            default:
                while let byte = next, TOMLText.isBare(byte) { position += 1 }
                if position == start {
                    let hint = next.map { $0 > 0x7F } == true ? "; a key with such a character needs quotes" : ""
                    throw fault("expected \(what), not \(shown)\(hint)")
                }
                path.append(TOMLTree.Key(name: Array(bytes[start..<position]), position: start))
            }
            skipBlanks()
            if next != UInt8(ascii: ".") { return path }
            position += 1
            skipBlanks()
        }
    }

    /// A string of any of the four kinds.
    mutating func string() throws(TOMLError) -> String {
        let quote = bytes[position]
        let isLong = peek(1) == quote && peek(2) == quote
        let isBasic = quote == UInt8(ascii: "\"")
        let content =
            if isLong { try longString(quote, hasEscapes: isBasic) } else {
                try isBasic ? basicString() : literalString()
            }
        return String(decoding: content, as: UTF8.self)
    }

    private mutating func basicString() throws(TOMLError) -> [UInt8] {
        let start = position
        var content: [UInt8] = []
        position += 1
        while true {
            switch next {
            case UInt8(ascii: "\""):
                position += 1
                return content
            case UInt8(ascii: "\\"): try escape(into: &content)
            case let byte: content.append(try plain(byte, start))
            }
        }
    }

    private mutating func literalString() throws(TOMLError) -> [UInt8] {
        let start = position
        position += 1
        while next != UInt8(ascii: "'") { _ = try plain(next, start) }
        position += 1
        return Array(bytes[start + 1..<position - 1])
    }

    /// A byte of a string on one line that begins at `start`.
    private mutating func plain(_ byte: UInt8?, _ start: Int) throws(TOMLError) -> UInt8 {
        guard let byte, byte != UInt8(ascii: "\n"), byte != UInt8(ascii: "\r") else {
            throw fault("the string has no closing quote on its line", at: start)
        }
        try refuseControl(byte, in: "a string")
        position += 1
        return byte
    }

    /// A string between three quotes, which may have several lines.
    private mutating func longString(_ quote: UInt8, hasEscapes: Bool) throws(TOMLError) -> [UInt8] {
        let start = position
        var content: [UInt8] = []
        position += 3
        _ = try skipNewline()
        while true {
            guard let byte = next else { throw fault("the string has no closing quotes", at: start) }
            switch byte {
            case quote:
                // Up to two quotes may stand before the three that end it.
                var count = 1
                while count < 5, peek(count) == quote { count += 1 }
                position += count
                content += Array(repeating: quote, count: count < 3 ? count : count - 3)
                if count >= 3 { return content }
            case UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                // Both spellings of a newline mean the same.
                if try skipNewline() { content.append(UInt8(ascii: "\n")) }
            case UInt8(ascii: "\\") where hasEscapes:
                if try !skipFoldedLines() { try escape(into: &content) }
            default:
                try refuseControl(byte, in: "a string")
                content.append(byte)
                position += 1
            }
        }
    }

    /// Passes over a backslash that ends its line, and over all blanks and newlines up to the next character.
    private mutating func skipFoldedLines() throws(TOMLError) -> Bool {
        let backslash = position
        position += 1
        skipBlanks()
        guard try skipNewline() else {
            position = backslash
            return false
        }
        repeat { skipBlanks() } while try skipNewline()
        return true
    }

    /// An escape, from its backslash on.
    private mutating func escape(into content: inout [UInt8]) throws(TOMLError) {
        let simple: UInt8
        switch peek(1) {
        case UInt8(ascii: "b"): simple = 0x08
        case UInt8(ascii: "t"): simple = 0x09
        case UInt8(ascii: "n"): simple = 0x0A
        case UInt8(ascii: "f"): simple = 0x0C
        case UInt8(ascii: "r"): simple = 0x0D
        case UInt8(ascii: "\""): simple = UInt8(ascii: "\"")
        case UInt8(ascii: "\\"): simple = UInt8(ascii: "\\")
        case UInt8(ascii: "u"): return try unicodeEscape(digits: 4, into: &content)
        case UInt8(ascii: "U"): return try unicodeEscape(digits: 8, into: &content)
        default:
            throw fault("unknown escape in a string\(Self.backslashHint)")
        }
        content.append(simple)
        position += 2
    }

    private mutating func unicodeEscape(digits: Int, into content: inout [UInt8]) throws(TOMLError) {
        var code: UInt32 = 0
        for offset in 0..<digits {
            guard let digit = peek(2 + offset).flatMap(hexDigitValue) else {
                let start = text(position..<position + 2)
                throw fault("expected \(digits) hexadecimal digits after `\(start)`\(Self.backslashHint)")
            }
            code = code << 4 | UInt32(digit)
        }
        guard let scalar = Unicode.Scalar(code) else { throw fault("the escape is not a Unicode character") }
        content += Array(String(scalar).utf8)
        position += 2 + digits
    }

    private static let backslashHint = "; write `\\\\` for a backslash, or use single quotes"
}
