import Bytes

// Booleans, numbers and dates.

extension TOMLReader {
    /// A value without quotes or brackets.
    mutating func scalar() throws(TOMLError) -> TOMLValue.Content {
        let start = position
        skipWord()
        guard position > start else { throw fault("expected a value, not \(shown)") }
        if TOMLDateTime.isDate(bytes[start..<position]), isTime(after: 1) {
            position += 1
            skipWord()
        }
        let word = bytes[start..<position]
        if let content = TOMLNumber.read(word) { return content }
        if TOMLDateTime.isValid(word) { return .dateTime(text(start..<position)) }
        // What stands before an @ may be a password, which no message may show.
        if bytes[start...].prefix(while: { $0 != 0x0A }).contains(UInt8(ascii: "@")) {
            throw fault("a text needs quotes (it is not shown because of its `@`)", at: start)
        }
        throw fault(Self.complaint(about: word, text(start..<position)), at: start)
    }

    private mutating func skipWord() {
        while let byte = next, byte > 0x20, !",]}#\"'[{=".utf8.contains(byte) { position += 1 }
    }

    /// Whether a blank and a time follow, which makes one value with the date in front.
    private func isTime(after ahead: Int) -> Bool {
        next == UInt8(ascii: " ") && peek(ahead).map(TOMLNumber.isDigit) == true
            && peek(ahead + 1).map(TOMLNumber.isDigit) == true && peek(ahead + 2) == UInt8(ascii: ":")
    }

    /// What is wrong with a word that is no value.
    private static func complaint(about word: ArraySlice<UInt8>, _ text: String) -> String {
        if TOMLDateTime.looksLikeOne(word) { return "`\(text)` is not a valid date or time" }
        if TOMLNumber.isTooLarge(word) { return "the integer `\(text)` does not fit in 64 bits" }
        if TOMLNumber.hasLeadingZero(word) { return "`\(text)` is not a number: it begins with a zero" }
        if ["true", "false", "inf", "nan"].contains(text.lowercased()) {
            return "`\(text)` is not a value; did you mean `\(text.lowercased())`?"
        }
        return "`\(text)` is not a value; text needs quotes: \(TOMLText.quoted(text))"
    }
}

/// Booleans and numbers as TOML spells them.
enum TOMLNumber {
    /// The value of a word; nil if it is none of them, or an integer that does not fit in 64 bits.
    static func read(_ word: ArraySlice<UInt8>) -> TOMLValue.Content? {
        let text = String(decoding: word, as: UTF8.self)
        switch text {
        case "true": return .boolean(true)
        case "false": return .boolean(false)
        case "inf", "+inf": return .float(.infinity)
        case "-inf": return .float(-.infinity)
        case "nan", "+nan", "-nan": return .float(.nan)
        default: break
        }
        if let (digits, radix) = integer(word) { return Int64(digits, radix: radix).map { .integer($0) } }
        return float(word).flatMap(Double.init).map { .float($0) }
    }

    /// Whether it is spelled as an integer and has no other fault than its size.
    static func isTooLarge(_ word: ArraySlice<UInt8>) -> Bool {
        integer(word).map { Int64($0.digits, radix: $0.radix) == nil } ?? false
    }

    /// Whether zeros in front are all that keeps it from being a number.
    static func hasLeadingZero(_ word: ArraySlice<UInt8>) -> Bool {
        var rest = word.drop { isSign($0) }
        let hasZero = { (digits: ArraySlice<UInt8>) in
            digits.first == UInt8(ascii: "0") && digits.dropFirst().first.map(isDigit) == true
        }
        guard hasZero(rest) else { return false }
        while hasZero(rest) { rest.removeFirst() }
        return read(rest) != nil
    }

    static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func isSign(_ byte: UInt8) -> Bool { byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") }

    /// The digits of an integer without underscores, with the sign if it is decimal.
    private static func integer(_ word: ArraySlice<UInt8>) -> (digits: String, radix: Int)? {
        if word.count > 2, word.first == UInt8(ascii: "0") {
            let radix: Int? =
                switch word[word.startIndex + 1] {
                case UInt8(ascii: "x"): 16
                case UInt8(ascii: "o"): 8
                case UInt8(ascii: "b"): 2
                default: nil
                }
            if let radix {
                let isDigit = { (byte: UInt8) in hexDigitValue(byte).map { $0 < radix } ?? false }
                return digits(word.dropFirst(2), isDigit).map { ($0, radix) }
            }
        }
        return decimal(word).map { ($0, 10) }
    }

    /// A sign and digits with no zero in front.
    private static func decimal(_ word: ArraySlice<UInt8>) -> String? {
        let sign = word.first.map(isSign) == true ? word.prefix(1) : []
        let rest = word.dropFirst(sign.count)
        if rest.count > 1, rest.first == UInt8(ascii: "0") { return nil }
        return digits(rest, isDigit).map { String(decoding: sign, as: UTF8.self) + $0 }
    }

    /// Digits with single underscores between them, which are left out.
    private static func digits(_ word: ArraySlice<UInt8>, _ isDigit: (UInt8) -> Bool) -> String? {
        var result: [UInt8] = []
        var wasDigit = false
        for byte in word {
            let isUnderscore = byte == UInt8(ascii: "_")
            guard isUnderscore ? wasDigit : isDigit(byte) else { return nil }
            if !isUnderscore { result.append(byte) }
            wasDigit = !isUnderscore
        }
        return wasDigit ? String(decoding: result, as: UTF8.self) : nil
    }

    /// A float without underscores: an integer with a fraction, an exponent or both.
    private static func float(_ word: ArraySlice<UInt8>) -> String? {
        let isExponent = { (byte: UInt8) in byte | 0x20 == UInt8(ascii: "e") }
        let mantissa = word.prefix { !isExponent($0) }
        let parts = mantissa.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, var text = decimal(first) else { return nil }
        if parts.count == 2 {
            guard let fraction = digits(parts[1], isDigit) else { return nil }
            text += "." + fraction
        }
        if mantissa.count < word.count {
            let exponent = word.dropFirst(mantissa.count + 1)
            let sign = exponent.first.map(isSign) == true ? exponent.prefix(1) : []
            guard let power = digits(exponent.dropFirst(sign.count), isDigit) else { return nil }
            text += "e" + String(decoding: sign, as: UTF8.self) + power
        }
        return text
    }
}

/// Dates and times: RFC 3339 section 5.6 with a `T`, a `t` or a blank in the middle, and its halves without an offset.
enum TOMLDateTime {
    /// Whether a word is a date, a time, or both, and exists in the calendar.
    static func isValid(_ word: ArraySlice<UInt8>) -> Bool {
        if isDate(word) { return isInCalendar(word) }
        var rest = word
        if isDate(word.prefix(10)) {
            guard isInCalendar(word.prefix(10)), let separator = word.dropFirst(10).first,
                " Tt".utf8.contains(separator)
            else { return false }
            rest = word.dropFirst(11)
            if let end = rest.firstIndex(where: { "Zz+-".utf8.contains($0) }) {
                guard isOffset(rest[end...]) else { return false }
                rest = rest[..<end]
            }
        }
        return isTime(rest)
    }

    /// Whether a word has the form of a date.
    static func isDate(_ word: ArraySlice<UInt8>) -> Bool { has(word, "0000-00-00") }

    /// Whether somebody meant a date or a time, for a message.
    static func looksLikeOne(_ word: ArraySlice<UInt8>) -> Bool {
        isDate(word.prefix(10)) || has(word.prefix(5), "00:00")
    }

    private static func isInCalendar(_ date: ArraySlice<UInt8>) -> Bool {
        let year = number(date.prefix(4))
        let month = number(date.dropFirst(5).prefix(2))
        let day = number(date.dropFirst(8))
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        let days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        return (1...12).contains(month) && (1...days[month - 1]).contains(day)
    }

    /// A time, whose seconds may have a fraction. RFC 3339 knows leap seconds.
    private static func isTime(_ time: ArraySlice<UInt8>) -> Bool {
        let fraction = time.dropFirst(8)
        guard has(time.prefix(8), "00:00:00") else { return false }
        guard number(time.prefix(2)) < 24, number(time.dropFirst(3).prefix(2)) < 60,
            number(time.dropFirst(6).prefix(2)) <= 60
        else { return false }
        return fraction.isEmpty
            || (fraction.first == UInt8(ascii: ".") && fraction.count > 1
                && fraction.dropFirst().allSatisfy(TOMLNumber.isDigit))
    }

    private static func isOffset(_ offset: ArraySlice<UInt8>) -> Bool {
        if offset.count == 1 { return offset.first.map { $0 | 0x20 == UInt8(ascii: "z") } ?? false }
        return has(offset.dropFirst(), "00:00") && "+-".utf8.contains(offset[offset.startIndex])
            && number(offset.dropFirst().prefix(2)) < 24 && number(offset.dropFirst(4)) < 60
    }

    /// Whether a word has digits where the pattern has `0`, and the same bytes elsewhere.
    private static func has(_ word: ArraySlice<UInt8>, _ pattern: StaticString) -> Bool {
        let pattern = Array(pattern.description.utf8)
        return word.count == pattern.count
            && zip(word, pattern).allSatisfy { $1 == UInt8(ascii: "0") ? TOMLNumber.isDigit($0) : $0 == $1 }
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int {
        digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
    }
}
