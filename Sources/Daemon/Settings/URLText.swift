/// The forms of the URLs that settings name.
enum URLText {
    /// A base URL in its normal form: the scheme and the host in lower case, no slash at the end. Nil when it is not
    /// `http` or `https`, has no host, or has a user name, a query or a fragment.
    static func base(_ text: String) -> String? {
        guard let parts = split(text, schemes: ["http", "https"]) else { return nil }
        guard !parts.authority.contains("@"), let host = authority(parts.authority) else { return nil }
        var path = parts.rest
        while path.hasSuffix("/") { path.removeLast() }
        guard !path.contains("?"), !path.contains("#") else { return nil }
        return "\(parts.scheme)://\(host)\(path)"
    }

    /// A proxy's URL as it was given, or nil when it is none. A user name and a password may stand in it.
    static func proxy(_ text: String) -> String? {
        let schemes = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"]
        guard let parts = split(text, schemes: schemes), parts.rest.isEmpty || parts.rest == "/" else { return nil }
        let host = parts.authority.split(separator: "@", omittingEmptySubsequences: false).last ?? ""
        return authority(String(host)) == nil ? nil : text
    }

    /// The text with `***` for whatever stands before an `@`, be it a good URL or not.
    static func masked(_ text: String) -> String {
        guard let at = text.lastIndex(of: "@") else { return text }
        let scheme = text.firstRange(of: "://").map { text[..<$0.upperBound] } ?? ""
        return (scheme.endIndex <= at ? scheme : "") + "***" + text[at...]
    }

    private static func split(_ text: String, schemes: [String]) -> (scheme: String, authority: String, rest: String)? {
        // Only what RFC 3986 lets stand in a URI; the rest would have to be escaped.
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
