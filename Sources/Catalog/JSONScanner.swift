import Bytes

/// Finds the parts of a JSON text that is known to be valid, such as a row of the catalogue, without parsing all of it.
///
/// It never reads outside the text and always ends: an invalid text gives wrong parts, but no trap. It does not recurse.
package enum JSONScanner {
    /// A member of an object.
    package struct Member: Equatable, Sendable {
        /// The name as it is written, without its quotes.
        package let name: Range<Int>
        /// The value.
        package let value: Range<Int>
        /// The whole member.
        var whole: Range<Int> { name.lowerBound - 1..<value.upperBound }
    }

    /// The members of an object one after the other, in its order and without copies.
    package struct Members {
        /// Where the next member or the end of the object is.
        private var index: Int
        private let end: Int

        /// The members of the object in a range; none if there is something else.
        package init(_ text: Span<UInt8>, in range: Range<Int>) {
            let isObject = !range.isEmpty && text[range.lowerBound] == UInt8(ascii: "{")
            index = isObject ? skippingSpace(text, from: range.lowerBound + 1) : range.upperBound
            end = range.upperBound
        }

        /// The next member, or nil. `text` is the one that the object is in.
        package mutating func next(in text: Span<UInt8>) -> Member? {
            guard index < end, text[index] == UInt8(ascii: "\"") else { return nil }
            let name = index + 1..<max(index + 1, endOfString(text, from: index) - 1)
            let colon = skippingSpace(text, from: name.upperBound + 1)
            guard colon < end, text[colon] == UInt8(ascii: ":") else { return nil }
            let start = skippingSpace(text, from: colon + 1)
            let member = Member(name: name, value: start..<endOfValue(text, from: start))
            let comma = skippingSpace(text, from: member.value.upperBound)
            let isLast = comma >= end || text[comma] != UInt8(ascii: ",")
            index = isLast ? end : skippingSpace(text, from: comma + 1)
            return member
        }
    }

    /// The value in a text, with the white space behind it: to look for its end would take as long as to read it.
    package static func value(of text: Span<UInt8>) -> Range<Int> { skippingSpace(text, from: 0)..<text.count }

    /// The members of the object in a range, in order; of several with one name only the last, as in JavaScript. Empty
    /// if there is no object.
    package static func members(_ text: Span<UInt8>, in range: Range<Int>) -> [Member] {
        lastOfEachName(allMembers(text, in: range), in: text)
    }

    /// The same with all members, also those of one name.
    package static func allMembers(_ text: Span<UInt8>, in range: Range<Int>) -> [Member] {
        var result: [Member] = []
        result.reserveCapacity(20)
        var rest = Members(text, in: range)
        while let member = rest.next(in: text) { result.append(member) }
        return result
    }

    /// The elements of the array in a range, in order; empty if there is no array.
    package static func elements(_ text: Span<UInt8>, in range: Range<Int>) -> [Range<Int>] {
        guard !range.isEmpty, text[range.lowerBound] == UInt8(ascii: "[") else { return [] }
        var result: [Range<Int>] = []
        var at = skippingSpace(text, from: range.lowerBound + 1)
        while at < range.upperBound, text[at] != UInt8(ascii: "]") {
            let end = endOfValue(text, from: at)
            guard end > at else { break }
            result.append(at..<end)
            at = skippingSpace(text, from: end)
            guard at < range.upperBound, text[at] == UInt8(ascii: ",") else { break }
            at = skippingSpace(text, from: at + 1)
        }
        return result
    }

    /// The value of the last member with a name, or nil.
    package static func member(_ name: StaticString, of text: Span<UInt8>, in range: Range<Int>) -> Range<Int>? {
        var found: Range<Int>?
        var rest = Members(text, in: range)
        while let member = rest.next(in: text) {
            if text.extracting(member.name).equals(name) { found = member.value }
        }
        return found
    }

    /// The text of the string in a range, with its escapes read; nil if there is no string. A lone surrogate is U+FFFD.
    package static func string(_ text: Span<UInt8>, in range: Range<Int>) -> String? {
        guard range.count >= 2, text[range.lowerBound] == UInt8(ascii: "\"") else { return nil }
        return decoded(text.extracting(range.lowerBound + 1..<range.upperBound - 1))
    }

    /// The text between the quotes of a string, with its escapes read.
    package static func decoded(_ text: Span<UInt8>) -> String {
        guard text.firstIndex(of: UInt8(ascii: "\\")) != nil else { return text.text() }
        var bytes: [UInt8] = []
        var units: [UInt16] = []
        func flush() {
            bytes += String(decoding: units, as: UTF16.self).utf8
            units = []
        }
        var at = 0
        while at < text.count {
            guard text[at] == UInt8(ascii: "\\"), at + 1 < text.count else {
                if !units.isEmpty { flush() }
                bytes.append(text[at])
                at += 1
                continue
            }
            if text[at + 1] == UInt8(ascii: "u"), at + 6 <= text.count, let unit = hexadecimal(text, from: at + 2) {
                units.append(unit)
                at += 6
            } else {
                if !units.isEmpty { flush() }
                bytes.append(meaning(ofEscape: text[at + 1]))
                at += 2
            }
        }
        flush()
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Whether the value in a range is `null`.
    package static func isNull(_ text: Span<UInt8>, in range: Range<Int>) -> Bool {
        text.extracting(range).equals("null")
    }

    // MARK: Ends

    /// Where the value that begins at `start` ends.
    private static func endOfValue(_ text: Span<UInt8>, from start: Int) -> Int {
        guard start < text.count else { return text.count }
        switch text[start] {
        case UInt8(ascii: "\""): return endOfString(text, from: start)
        case UInt8(ascii: "{"), UInt8(ascii: "["): return endOfContainer(text, from: start)
        default:
            var at = start
            while at < text.count, !isDelimiter(text[at]) { at += 1 }
            return at
        }
    }

    /// Behind the closing quote of the string that begins at `start`.
    private static func endOfString(_ text: Span<UInt8>, from start: Int) -> Int {
        var at = start + 1
        while at < text.count {
            let byte = text[at]
            if byte == UInt8(ascii: "\"") { return at + 1 }
            at += byte == UInt8(ascii: "\\") ? 2 : 1
        }
        return text.count
    }

    private static func endOfContainer(_ text: Span<UInt8>, from start: Int) -> Int {
        var depth = 0
        var at = start
        while at < text.count {
            switch text[at] {
            case UInt8(ascii: "\""):
                at = endOfString(text, from: at)
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return at + 1 }
            default: break
            }
            at += 1
        }
        return text.count
    }

    /// The next byte that is no white space.
    package static func skippingSpace(_ text: Span<UInt8>, from start: Int) -> Int {
        var at = start
        while at < text.count, isSpace(text[at]) { at += 1 }
        return at
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r")
            || byte == UInt8(ascii: "\t")
    }

    private static func isDelimiter(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"): true
        default: isSpace(byte)
        }
    }

    // MARK: Names and escapes

    private static func lastOfEachName(_ members: [Member], in text: Span<UInt8>) -> [Member] {
        guard hasRepetition(members, in: text) else { return members }
        // Names are compared, not hashes: two names may have the same hash.
        var positions: [[UInt8]: Int] = [:]
        for (position, member) in members.enumerated() { positions[text.extracting(member.name).copied()] = position }
        return positions.values.sorted().map { members[$0] }
    }

    /// Whether two names may be the same.
    package static func hasRepetition(_ members: [Member], in text: Span<UInt8>) -> Bool {
        guard members.count <= 32 else {
            var hashes = Set<UInt64>(minimumCapacity: members.count)
            for member in members where !hashes.insert(text.extracting(member.name).hash64()).inserted { return true }
            return false
        }
        // Quicker than a set for as few as a row has. Nearly all pairs differ in length or in the first byte.
        for position in members.indices.dropFirst() {
            let name = text.extracting(members[position].name)
            for earlier in 0..<position where name.equals(text.extracting(members[earlier].name)) { return true }
        }
        return false
    }

    private static func hexadecimal(_ text: Span<UInt8>, from start: Int) -> UInt16? {
        var unit: UInt16 = 0
        for at in start..<start + 4 {
            guard let digit = hexDigitValue(text[at]) else { return nil }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    private static func meaning(ofEscape byte: UInt8) -> UInt8 {
        switch byte {
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "t"): 0x09
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        default: byte
        }
    }
}
