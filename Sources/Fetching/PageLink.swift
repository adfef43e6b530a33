import Bytes
import HTTPCore
package import Serving

/// The link from a page of a list to the next page (RFC 3986 section 5), within upstream's origin.
package enum PageLink {
    /// Why a link is not followed.
    package enum Refusal: Error, Equatable, CustomStringConvertible {
        /// It is not valid in a request.
        case notURL
        /// It points to another origin, which must not get the caller's key.
        case elsewhere

        package var description: String {
            switch self {
            case .notURL: "links.next is not a valid URL"
            case .elsewhere: "links.next leads to another origin"
            }
        }
    }

    /// The URL of the next page. `url` is that of the page with the link.
    ///
    /// Links in upstream's bodies have the path `/api/v1/...` whatever the base URL is, so a link's path is mapped like
    /// that of a client's request.
    package static func resolve(_ link: String, from url: String, _ map: UpstreamMap) throws(Refusal) -> String {
        let link = String(link.prefix { $0 != "#" })
        guard !link.isEmpty, link.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\\") }) else {
            throw .notURL
        }
        let resolved: String
        if link.hasPrefix("//") {
            resolved = try within(map, map.origin.prefix { $0 != "/" } + link)
        } else if link.hasPrefix("/") {
            resolved = mapped(link, map)
        } else if link.hasPrefix("?") {
            resolved = url.prefix { $0 != "?" } + link
        } else if hasScheme(link) {
            resolved = try within(map, link)
        } else {
            let path = url.prefix { $0 != "?" }
            resolved = path[..<(path.lastIndex(of: "/") ?? path.endIndex)] + "/" + link
        }
        guard !hasDotSegment(resolved) else { throw .notURL }
        return resolved
    }

    /// A link with an origin, which must be upstream's.
    private static func within(_ map: UpstreamMap, _ link: String) throws(Refusal) -> String {
        let (origin, rest) = split(link)
        guard normalized(origin) == normalized(map.origin) else { throw .elsewhere }
        return map.origin + (rest.hasPrefix("/") ? "" : "/") + rest
    }

    /// Scheme and authority, and the rest of the URL.
    private static func split(_ url: String) -> (origin: String, rest: String) {
        guard let colon = url.firstIndex(of: ":"), url[colon...].hasPrefix("://") else { return (url, "") }
        let authority = url.index(colon, offsetBy: 3)
        let end = url[authority...].firstIndex { $0 == "/" || $0 == "?" } ?? url.endIndex
        return (String(url[..<end]), String(url[end...]))
    }

    /// Scheme and host in lower case, without the scheme's default port (RFC 3986 section 6.2).
    private static func normalized(_ origin: String) -> String {
        let lower = origin.lowercased()
        for (scheme, port) in [("http://", ":80"), ("https://", ":443")]
        where lower.hasPrefix(scheme) && lower.hasSuffix(port) {
            return String(lower.dropLast(port.count))
        }
        return lower
    }

    private static func mapped(_ link: String, _ map: UpstreamMap) -> String {
        let bytes = Array(link.utf8)
        guard let parts = Target(bytes.span) else { return map.origin + link }
        var target = ByteBuilder(capacity: bytes.count + 64)
        if link.hasPrefix("/api/") || !map.holds(bytes[parts.path]) {
            map.appendTarget(for: bytes.span, parts, to: &target)
        } else {
            target.append(bytes.span)
        }
        return map.origin + target.span.text()
    }

    private static func hasScheme(_ link: String) -> Bool {
        guard let colon = link.firstIndex(of: ":") else { return false }
        return link[..<colon].utf8.allSatisfy {
            asciiIsLetterOrDigit($0) || $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".")
        }
    }

    private static func asciiIsLetterOrDigit(_ byte: UInt8) -> Bool {
        switch asciiLowercased(byte) {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: false
        }
    }

    /// Whether a segment of the path is `.` or `..`, in any spelling: such a link could leave the base path.
    private static func hasDotSegment(_ url: String) -> Bool {
        DotSegments.occur(in: Array(split(url).rest.utf8.prefix { $0 != UInt8(ascii: "?") }).span)
    }
}
