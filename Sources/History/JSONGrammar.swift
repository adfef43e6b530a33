import Bytes
import Catalog

/// Checks that a text is one JSON value (RFC 8259). For files that people edit; rows of the catalogue were checked when they
/// were read.
struct JSONGrammar {
    /// Where a text is not JSON.
    struct Problem: Error, Equatable {
        let message: String
        let offset: Int
    }

    /// Deeper values are refused, so that the recursion is bounded.
    private static let greatestDepth = 64

    private let text: [UInt8]
    private var at = 0

    private init(_ text: [UInt8]) { self.text = text }

    /// Throws if the text is not one JSON value in UTF-8.
    static func check(_ text: Span<UInt8>) throws(Problem) {
        let text = text.copied()
        guard String(validating: text, as: UTF8.self) != nil else {
            throw Problem(message: "the file is not UTF-8", offset: 0)
        }
        var checker = JSONGrammar(text)
        try checker.value(depth: 0)
        checker.skipSpace()
        if checker.at < text.count { throw checker.problem("something follows the value") }
    }

    /// The line of an offset, from 1 on.
    static func line(of offset: Int, in text: Span<UInt8>) -> Int {
        var line = 1
        for index in 0..<min(offset, text.count) where text[index] == 10 { line += 1 }
        return line
    }

    private func problem(_ message: String) -> Problem { Problem(message: message, offset: at) }

    private var byte: UInt8? { at < text.count ? text[at] : nil }

    private mutating func skipSpace() { at = JSONScanner.skippingSpace(text.span, from: at) }

    private mutating func value(depth: Int) throws(Problem) {
        guard depth <= Self.greatestDepth else { throw problem("values are nested too deeply") }
        skipSpace()
        switch byte {
        case UInt8(ascii: "{"): try object(depth)
        case UInt8(ascii: "["): try array(depth)
        case UInt8(ascii: "\""): try string()
        case let digit? where digit == UInt8(ascii: "-") || digit &- UInt8(ascii: "0") < 10: try number()
        case UInt8(ascii: "t"): try word("true")
        case UInt8(ascii: "f"): try word("false")
        case UInt8(ascii: "n"): try word("null")
        default: throw problem("a value is missing")
        }
    }

    private mutating func object(_ depth: Int) throws(Problem) {
        at += 1
        skipSpace()
        if byte == UInt8(ascii: "}") {
            at += 1
            return
        }
        while true {
            skipSpace()
            guard byte == UInt8(ascii: "\"") else { throw problem("the name of a member is missing") }
            try string()
            skipSpace()
            guard byte == UInt8(ascii: ":") else { throw problem("a colon is missing") }
            at += 1
            try value(depth: depth + 1)
            skipSpace()
            if byte == UInt8(ascii: "}") { break }
            guard byte == UInt8(ascii: ",") else { throw problem("a comma or } is missing") }
            at += 1
        }
        at += 1
    }

    private mutating func array(_ depth: Int) throws(Problem) {
        at += 1
        skipSpace()
        if byte == UInt8(ascii: "]") {
            at += 1
            return
        }
        while true {
            try value(depth: depth + 1)
            skipSpace()
            if byte == UInt8(ascii: "]") { break }
            guard byte == UInt8(ascii: ",") else { throw problem("a comma or ] is missing") }
            at += 1
        }
        at += 1
    }

    private mutating func string() throws(Problem) {
        at += 1
        while let byte {
            switch byte {
            case UInt8(ascii: "\""):
                at += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw problem("a control character is in a string")
            default: at += 1
            }
        }
        throw problem("a string has no end")
    }

    private mutating func escape() throws(Problem) {
        at += 1
        switch byte {
        case UInt8(ascii: "u"):
            for _ in 0..<4 {
                at += 1
                guard byte.flatMap(hexDigitValue) != nil else { throw problem("an escape lacks a digit") }
            }
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            break
        default: throw problem("an unknown escape")
        }
        at += 1
    }

    private mutating func number() throws(Problem) {
        if byte == UInt8(ascii: "-") { at += 1 }
        if byte == UInt8(ascii: "0") { at += 1 } else { try digits() }
        if byte == UInt8(ascii: ".") {
            at += 1
            try digits()
        }
        if byte.map({ $0 | 0x20 }) == UInt8(ascii: "e") {
            at += 1
            if byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { at += 1 }
            try digits()
        }
    }

    private mutating func digits() throws(Problem) {
        let start = at
        while let byte, byte &- UInt8(ascii: "0") < 10 { at += 1 }
        if at == start { throw problem("a digit is missing") }
    }

    private mutating func word(_ word: StaticString) throws(Problem) {
        let end = at + word.utf8CodeUnitCount
        guard end <= text.count, text.span.extracting(at..<end).equals(word) else {
            throw problem("a value is missing")
        }
        at = end
    }
}
