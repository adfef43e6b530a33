internal import Bytes

extension Duration {
    /// Whole milliseconds, rounded down, never negative.
    package var milliseconds: UInt64 {
        let (seconds, attoseconds) = components
        return seconds < 0 ? 0 : UInt64(seconds) * 1000 + UInt64(max(0, attoseconds) / 1_000_000_000_000_000)
    }
}

/// Sizes as `64KiB`, `256MiB` or `1GiB`, or a number of bytes with or without a `B`.
package enum SizeText {
    private static let units: [(suffix: String, bytes: Int)] = [
        ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1), ("", 1),
    ]

    /// The number of bytes that a text names, or nil when it names none or too many to count.
    package static func parse(_ text: String) -> Int? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let suffix = text.dropFirst(digits.count)
        guard let unit = units.first(where: { $0.suffix == suffix }), let count = Int(digits) else { return nil }
        let (bytes, overflow) = count.multipliedReportingOverflow(by: unit.bytes)
        return overflow ? nil : bytes
    }

    /// The size in the largest unit that gives a whole number.
    package static func show(_ bytes: Int) -> String {
        guard bytes > 0, let unit = units.first(where: { bytes % $0.bytes == 0 }) else { return "\(bytes)B" }
        return "\(bytes / unit.bytes)\(unit.suffix)"
    }
}

/// The forms of the URLs that settings name.
package enum URLText {
    /// A base URL in its normal form: the scheme and the host in lower case, no slash at the end. Nil when it is not
    /// `http` or `https`, has no host, or has a user name, a query or a fragment.
    package static func base(_ text: String) -> String? {
        guard let parts = split(text, schemes: ["http", "https"]) else { return nil }
        guard !parts.authority.contains("@"), let host = authority(parts.authority) else { return nil }
        var path = parts.rest
        while path.hasSuffix("/") { path.removeLast() }
        guard !path.contains("?"), !path.contains("#") else { return nil }
        return "\(parts.scheme)://\(host)\(path)"
    }

    /// A proxy's URL as it was given, or nil if it is invalid. It may contain a user name and a password.
    package static func proxy(_ text: String) -> String? {
        let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"]
        guard let parts = split(text, schemes: schemes), parts.rest.isEmpty || parts.rest == "/" else { return nil }
        let host = parts.authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return authority(String(host)) == nil ? nil : text
    }

    /// The text with `***` in place of everything before an `@`, whether or not it is a valid URL.
    package static func masked(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        let scheme = text.firstRange(of: "://").map { text[..<$0.upperBound] } ?? ""
        return (scheme.endIndex <= at ? scheme : "") + "***" + text[at...]
    }

    private static func split(_ text: String, schemes: [String]) -> (scheme: String, authority: String, rest: String)? {
        // Only the characters that RFC 3986 allows in a URI; others would need escaping.
        let forbidden = Set("\"<>\\^`{|}".utf8)
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) && !forbidden.contains($0) }) else { return nil }
        guard let separator = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<separator.lowerBound].lowercased()
        guard schemes.contains(scheme) else { return nil }
        let behind = text[separator.upperBound...]
        let end = behind.firstIndex { "/?#".contains($0) } ?? behind.endIndex
        return (scheme, String(behind[..<end]), String(behind[end...]))
    }

    /// A host, perhaps with a port, in lower case.
    private static func authority(_ text: String) -> String? {
        let text = text.lowercased()
        if HostText.host(text) != nil { return text }
        guard let (_, port) = HostText.split(text), port > 0 else { return nil }
        return text
    }
}

/// The forms of a host in an address: a name, an IPv4 address, or an IPv6 address in brackets.
enum HostText {
    /// Splits `host:port`, and checks the form of both. The brackets of an IPv6 address are removed.
    static func split(_ text: some StringProtocol) -> (host: String, port: Int)? {
        guard let colon = text.lastIndex(of: ":"), let port = port(text[text.index(after: colon)...]),
            let host = host(text[..<colon])
        else { return nil }
        return (host, port)
    }

    /// A port in decimal digits; 0 means any free one.
    static func port(_ text: some StringProtocol) -> Int? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy(isDigit), let port = Int(text) else { return nil }
        return port <= 65_535 ? port : nil
    }

    /// A host, without the brackets of an IPv6 address, or nil if it is invalid.
    static func host(_ text: some StringProtocol) -> String? {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inner = String(text.dropFirst().dropLast())
            return isIPv6(inner) ? inner : nil
        }
        let host = String(text)
        // A text of digits and dots is meant as an address; as a name it would never resolve.
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

    /// An address of RFC 4291, section 2.2, perhaps with a zone after a `%`.
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
                guard (1...4).contains(part.utf8.count) else { return nil }
                guard part.utf8.allSatisfy({ hexDigitValue($0) != nil }) else { return nil }
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

    private static func isNamed(_ byte: UInt8) -> Bool {
        isDigit(byte) || (byte | 0x20) &- UInt8(ascii: "a") < 26 || "-_.".utf8.contains(byte)
    }
}
