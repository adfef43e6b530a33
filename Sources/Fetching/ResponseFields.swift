package import Bytes
package import HTTPClient
package import HTTPCore
import JSONDocument
import Serving

/// The response fields that matter to a cache.
package struct ResponseFields {
    package var cacheControl = CacheControl()
    /// The age on arrival, in seconds.
    package var age = 0
    /// When upstream says that it sent the response, in Unix seconds (RFC 9110 section 6.6.1); nil if it does not say.
    var date: Int64?
    package var retryAfter: Int?
    /// The validators as received (RFC 9110 section 8.8).
    package var entityTag: String?
    package var lastModifiedText: String?
    /// Whether there was any `Cache-Control`.
    var hasCacheControl = false
    /// In Unix seconds; the time of arrival if upstream does not send it.
    package var lastModified: Int64
    package var contentType = Self.json

    package static let json = Array("application/json".utf8)

    package init(_ response: FetchedResponse, wallSeconds: Int64) {
        lastModified = wallSeconds
        var hasAge = false
        for (name, value) in response.fields {
            let bytes = Array(value.utf8)
            switch name {
            case "cache-control":
                hasCacheControl = true
                cacheControl.merge(bytes.span)
            case "etag": entityTag = value
            case "age":
                // Of several values, the first counts (RFC 9111 section 5.1).
                if !hasAge { age = Self.firstSeconds(bytes.span) }
                hasAge = true
            case "date": date = HTTPDate.parse(bytes.span, now: wallSeconds)
            case "last-modified":
                // With a date in the future, clients would never revalidate properly (RFC 9110 section 8.8.2.1).
                lastModifiedText = value
                lastModified = min(wallSeconds, HTTPDate.parse(bytes.span, now: wallSeconds) ?? wallSeconds)
            case "retry-after": retryAfter = RetryAfter.parse(bytes.span, now: wallSeconds)
            case "content-type": contentType = FieldSyntax.sanitized(bytes.span)
            default: break
            }
        }
    }

    private static func firstSeconds(_ list: Span<UInt8>) -> Int {
        let end = list.firstIndex(of: UInt8(ascii: ",")) ?? list.count
        return RetryAfter.parse(list.extracting(0..<end), now: .max) ?? 0
    }

    /// Whether a media type is JSON, or based on it.
    package static func isJSON(_ contentType: [UInt8]) -> Bool {
        let name = essence(of: contentType)
        return name == "application/json" || name.hasSuffix("+json")
    }

    /// A media type without its parameters, in lower case.
    static func essence(of contentType: [UInt8]) -> String {
        let essence = contentType.prefix { $0 != UInt8(ascii: ";") }.map(asciiLowercased)
        return String(essence.span.text().trimmingSpaces)
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

/// Upstream's own form of an error: `{"error":{"code":401,"message":"..."}}`, possibly with other members.
package enum ErrorEnvelope {
    /// Whether a status counts as upstream's only if the body has upstream's form. A refusal removes copies, is stored
    /// and is relayed. A proxy's or CDN's page with the same status must do none of that. A 404 is also what upstream's
    /// own website answers for a name that its API does not know; all other paths are there. A 429 asks for a pause, no
    /// matter who sends it.
    static func isNeeded(for status: Status, of resource: Resource) -> Bool {
        switch status {
        case .notFound: !resource.isNamed
        case .tooManyRequests: false
        default: status.isClientError
        }
    }

    /// Whether a body is an error in upstream's form.
    package static func isOne(_ body: SharedBytes) -> Bool {
        guard body.count <= largest, let document = try? JSONDocument(parsing: body.span) else { return false }
        return document.root["error"]?["message"]?.string != nil
    }

    /// Larger than any error of upstream, in bytes.
    private static let largest = 1 << 20
}

extension FetchProblem {
    /// The problem that waiters see after a failed transfer.
    package init(_ failure: FetchFailure) {
        let message = failure.message
        switch failure {
        case .unreachable, .nameNotResolved, .other: self = .unreachable(message)
        case .timeout: self = .timeout(message)
        case .tls: self = .tls(message)
        case .noRoom: self = .busy
        case .cut, .cancelled: self = .cut(message)
        case .tooLarge, .malformed, .tooManyRedirects, .redirectElsewhere: self = .unreadable(message)
        }
    }

    /// The problem that waiters see if a body cannot be decoded; `status` is that of its response.
    package init(_ problem: CodingProblem, status: Int) {
        let message = "upstream's answer is unusable: \(problem.message)"
        self = status == Status.ok.rawValue ? .unusable(message) : .unreadable(message)
    }
}
