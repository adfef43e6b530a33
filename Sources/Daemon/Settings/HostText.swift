/// The forms of a host in an address: a name, an IPv4 address, or an IPv6 address in brackets.
enum HostText {
    /// Splits `host:port`, and checks the form of both. The brackets of an IPv6 address stay behind.
    static func split(_ text: some StringProtocol) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = port(text[text.index(after: colon)...]),
            let host = host(text[..<colon])
        else { return nil }
        return (host, port)
    }

    /// A port in decimal digits; 0 stands for any free one.
    static func port(_ text: some StringProtocol) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(isDigit), let port = Int(text) else { return nil }
        return port <= 65_535 ? port : nil
    }

    /// A host, without the brackets of an IPv6 address, or nil when it is none.
    static func host(_ text: some StringProtocol) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = String(text.dropFirst().dropLast())
            return isIPv6(inner) ? inner : nil
        }
        let host = String(text)
        // What consists of digits and dots is meant as an address; as a name it would never resolve.
        let numeric = host.utf8.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
        return (numeric ? isIPv4(host) : isName(host)) ? host : nil
    }

    /// Four numbers from 0 to 255, without leading zeros, which some programs read as octal.
    static func isIPv4(_ text: some StringProtocol) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { part in
                (1...3).contains(part.utf8.count) && part.utf8.allSatisfy(isDigit) && (Int(part) ?? 256) <= 255
                    && (part.utf8.count == 1 || part.first != "0")
            }
    }

    /// An address of RFC 4291, section 2.2, perhaps with a zone behind a `%`.
    static func isIPv6(_ text: String) -> Bool {
        let halves = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        if halves.count == 2 {
            guard !halves[1].isEmpty, halves[1].utf8.allSatisfy(isNamed) else { return false }
        }
        guard let gap = halves[0].firstRange(of: "::") else { return groups(halves[0], last: true) == 8 }
        guard let before = groups(halves[0][..<gap.lowerBound], last: false),
            let behind = groups(halves[0][gap.upperBound...], last: true)
        else { return false }
        return before + behind < 8
    }

    /// The number of 16-bit groups, of which an IPv4 address at the very end is two; nil when one is malformed.
    private static func groups(_ text: Substring, last: Bool) -> Int? {
        if text.isEmpty { return 0 }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var count = 0
        for (index, part) in parts.enumerated() {
            if last, index == parts.count - 1, isIPv4(part) {
                count += 2
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(isHexDigit) else { return nil }
                count += 1
            }
        }
        return count
    }

    /// Labels of letters, digits, hyphens and underscores, joined by dots.
    static func isName(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 253
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.utf8.allSatisfy(isNamed)
                    && label.first != "-" && label.last != "-"
            }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    private static func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 6 }

    private static func isNamed(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26 || "-_.".utf8.contains(byte)
    }
}
