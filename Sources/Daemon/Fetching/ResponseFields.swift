import Bytes
import HTTPCore
import Upstream

/// The fields of a response that a cache looks at.
struct ResponseFields {
    var cacheControl = CacheControl()
    /// The age that it already has, in seconds.
    var age = 0
    var retryAfter: Int?
    /// The validators as they came (RFC 9110 section 8.8).
    var entityTag: String?
    var lastModifiedText: String?
    /// Whether there was any `Cache-Control`.
    var hasCacheControl = false
    /// In Unix seconds; the moment it came if upstream does not say.
    var lastModified: Int64
    var contentType = Self.json

    static let json = Array("application/json".utf8)

    init(_ response: FetchedResponse, wallSeconds: Int64) {
        lastModified = wallSeconds
        for (name, value) in response.fields {
            let bytes = Array(value.utf8)
            switch name {
            case "cache-control":
                hasCacheControl = true
                cacheControl.merge(bytes.span)
            case "etag": entityTag = value
            case "age": age = RetryAfter.parse(bytes.span, now: .max) ?? 0
            case "last-modified":
                // A date in the future would keep clients from ever asking in earnest (RFC 9110 section 8.8.2.1).
                lastModifiedText = value
                lastModified = min(wallSeconds, HTTPDate.parse(bytes.span, now: wallSeconds) ?? wallSeconds)
            case "retry-after": retryAfter = RetryAfter.parse(bytes.span, now: wallSeconds)
            case "content-type": contentType = HeadWriter.sanitized(bytes.span)
            default: break
            }
        }
    }

    /// Whether the media type is JSON, or one built on it.
    var isJSON: Bool { Self.isJSON(contentType) }

    /// Whether a media type is JSON, or one built on it.
    static func isJSON(_ contentType: [UInt8]) -> Bool {
        let essence = contentType.prefix { $0 != UInt8(ascii: ";") }.map(asciiLowercased)
        let name = essence.span.text().trimmingSpaces
        return name == "application/json" || name.hasSuffix("+json")
    }
}

extension String {
    fileprivate var trimmingSpaces: Substring {
        var text = self[...]
        while text.last == " " || text.last == "\t" { text.removeLast() }
        while text.first == " " || text.first == "\t" { text.removeFirst() }
        return text
    }
}
