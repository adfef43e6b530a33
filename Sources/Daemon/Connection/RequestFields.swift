import Bytes
import Caching
import HTTPCore
import HTTPParsing

/// Where the fields that matter stand in a request head. It is gathered on every request, so it holds ranges and no copies.
struct RequestFields {
    var authorization: Range<Int>?
    var acceptEncoding: Range<Int>?
    var ifNoneMatch: Range<Int>?
    var cacheControl: CacheControl?
    var hosts = 0
    var hasPragmaNoCache = false
    var hasAnthropicVersion = false
    var hasTwoAuthorizations = false

    init(_ parser: borrowing RequestParser, _ head: Span<UInt8>) {
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            guard let known = KnownField(head.extracting(line.name)) else { continue }
            switch known {
            case .host: hosts += 1
            case .authorization:
                hasTwoAuthorizations = authorization != nil
                authorization = line.value
            case .acceptEncoding:
                // A list in several lines is one list; the rare client that does so gets what any client can read.
                acceptEncoding = acceptEncoding == nil ? line.value : 0..<0
            case .ifNoneMatch: ifNoneMatch = line.value
            case .cacheControl:
                if cacheControl == nil { cacheControl = CacheControl() }
                cacheControl?.merge(head.extracting(line.value))
            case .pragma: hasPragmaNoCache = head.extracting(line.value).equalsIgnoringCase("no-cache")
            case .anthropicVersion: hasAnthropicVersion = true
            case .expect: break
            }
        }
    }

    /// What the request asks of the cache.
    var demand: Demand {
        if cacheControl == nil && !hasPragmaNoCache { return .any }
        return Demand(cacheControl: cacheControl, pragmaNoCache: hasPragmaNoCache)
    }

    /// Whether the client says that it has the representation with this tag.
    func matches(_ entityTag: Span<UInt8>, _ head: Span<UInt8>) -> Bool {
        guard let ifNoneMatch else { return false }
        return EntityTag.matches(ifNoneMatch: head.extracting(ifNoneMatch), current: entityTag)
    }

    /// The coding to answer in.
    func coding(_ head: Span<UInt8>) -> ContentCoding {
        guard let acceptEncoding else { return .identity }
        return ContentCoding.preferred(for: head.extracting(acceptEncoding))
    }
}
