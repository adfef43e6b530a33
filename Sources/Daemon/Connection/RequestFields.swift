import Bytes
import Caching
import HTTPCore
import HTTPParsing
import Serving

/// Where the fields that matter stand in a request head. It is gathered on every request, so it holds ranges and no copies.
struct RequestFields {
    var authorization: Range<Int>?
    var acceptEncoding: Range<Int>?
    var ifNoneMatch: Range<Int>?
    var ifModifiedSince: Range<Int>?
    var host: Range<Int>?
    var expect: Range<Int>?
    var cacheControl: CacheControl?
    var hosts = 0
    var hasPragmaNoCache = false
    var hasAnthropicVersion = false
    var hasTwoAuthorizations = false
    /// Whether `If-None-Match` stands in several lines, which together are one list; `ifNoneMatch` is the last of them.
    private var hasFurtherTags = false

    init(_ parser: borrowing RequestParser, _ head: Span<UInt8>) {
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            guard let known = KnownField(head.extracting(line.name)) else { continue }
            switch known {
            case .host:
                hosts += 1
                host = line.value
            case .authorization:
                hasTwoAuthorizations = authorization != nil
                authorization = line.value
            case .acceptEncoding:
                // A list in several lines is one list; the rare client that does so gets what any client can read.
                acceptEncoding = acceptEncoding == nil ? line.value : 0..<0
            case .ifNoneMatch:
                hasFurtherTags = ifNoneMatch != nil
                ifNoneMatch = line.value
            case .cacheControl:
                if cacheControl == nil { cacheControl = CacheControl() }
                cacheControl?.merge(head.extracting(line.value))
            case .pragma: hasPragmaNoCache = head.extracting(line.value).equalsIgnoringCase("no-cache")
            case .anthropicVersion: hasAnthropicVersion = true
            case .ifModifiedSince: ifModifiedSince = line.value
            case .expect: expect = line.value
            }
        }
    }

    /// What the request asks of the cache.
    var demand: Demand {
        if cacheControl == nil && !hasPragmaNoCache { return .any }
        return Demand(cacheControl: cacheControl, pragmaNoCache: hasPragmaNoCache)
    }

    /// What the request says of a representation that the client has; `now` is the Unix time in seconds.
    func precondition(_ parser: borrowing RequestParser, _ head: Span<UInt8>, now: Int64) -> Precondition? {
        if ifNoneMatch == nil && ifModifiedSince == nil { return nil }
        var tags: [UInt8]?
        for index in tagLines(parser) where isTagLine(parser, head, index) {
            tags = (tags.map { $0 + [UInt8(ascii: ",")] } ?? []) + head.extracting(parser.field(index).value).copied()
        }
        return Precondition(
            ifNoneMatch: tags,
            ifModifiedSince: ifModifiedSince.flatMap { HTTPDate.parse(head.extracting($0), now: now) })
    }

    /// Whether the client has this answer's representation already. As `Precondition.isMet`, without a copy: it is asked on
    /// every hit.
    func isMet(
        by answer: Answer, _ parser: borrowing RequestParser, _ head: Span<UInt8>, now: @autoclosure () -> Int64
    ) -> Bool {
        if let ifNoneMatch {
            let tag = answer.entityTag
            if EntityTag.matches(ifNoneMatch: head.extracting(ifNoneMatch), current: tag.span) { return true }
            guard hasFurtherTags else { return false }
            for index in tagLines(parser) where isTagLine(parser, head, index) {
                let value = head.extracting(parser.field(index).value)
                if EntityTag.matches(ifNoneMatch: value, current: tag.span) { return true }
            }
            return false
        }
        guard let ifModifiedSince, let date = HTTPDate.parse(head.extracting(ifModifiedSince), now: now()) else {
            return false
        }
        return answer.lastModified <= date
    }

    /// The lines among which those of `If-None-Match` are: none if there are none.
    private func tagLines(_ parser: borrowing RequestParser) -> Range<Int> {
        ifNoneMatch == nil ? 0..<0 : 0..<parser.fieldCount
    }

    private func isTagLine(_ parser: borrowing RequestParser, _ head: Span<UInt8>, _ index: Int) -> Bool {
        KnownField(head.extracting(parser.field(index).name)) == .ifNoneMatch
    }

    /// The coding to answer in; br only where there is such a form.
    func coding(_ head: Span<UInt8>, offersBr: Bool = true) -> ContentCoding {
        guard let acceptEncoding else { return .identity }
        return ContentCoding.preferred(for: head.extracting(acceptEncoding), offersBr: offersBr)
    }
}

/// What a browser asks before it lets a page of another origin send a request.
struct Preflight {
    /// `Access-Control-Request-Headers`, fit to be given back.
    private(set) var requestHeaders: [UInt8]?
    /// Whether the page comes from a public network while this is a private one.
    private(set) var asksForPrivateNetwork = false

    /// Nil if the request is no preflight: those name an origin and a method.
    init?(_ parser: borrowing RequestParser, _ head: Span<UInt8>) {
        var hasOrigin = false
        var hasMethod = false
        for index in 0..<parser.fieldCount {
            let line = parser.field(index)
            let name = head.extracting(line.name)
            if name.equalsIgnoringCase("origin") {
                hasOrigin = true
            } else if name.equalsIgnoringCase("access-control-request-method") {
                hasMethod = true
            } else if name.equalsIgnoringCase("access-control-request-headers") {
                requestHeaders = HeadWriter.sanitized(head.extracting(line.value))
            } else if name.equalsIgnoringCase("access-control-request-private-network") {
                asksForPrivateNetwork = head.extracting(line.value).equalsIgnoringCase("true")
            }
        }
        guard hasOrigin, hasMethod else { return nil }
    }
}
