public import Bytes
public import Caching
public import HTTPCore

/// What is known of the request that a connection answers: where the fields stand that matter, whose request it is, and
/// what metrics and log need.
///
/// There is one for each connection, which is begun anew with each request. Fields are positions in the head, valid as
/// long as its bytes are; if the request has to wait, `RequestSummary` is the part that is copied. The record itself
/// cannot be copied, so that no hit pays for a copy by accident.
public struct RequestRecord: ~Copyable, Sendable {
    /// Where a field's value stands in the head.
    public struct Position: Sendable {
        /// The index after that of its first byte; 0 if the field is not there.
        @usableFromInline var next: UInt32 = 0
        @usableFromInline var count: UInt32 = 0

        @inline(__always)
        fileprivate init() {}

        /// A head is never as long as 4 GiB.
        @inline(__always)
        fileprivate init(_ range: Range<Int>) {
            next = UInt32(truncatingIfNeeded: range.lowerBound) &+ 1
            count = UInt32(truncatingIfNeeded: range.count)
        }

        /// Whether the field is there, perhaps empty.
        @inlinable
        public var isPresent: Bool { next != 0 }

        /// The range of the value; nil if the field is not there.
        @inlinable
        public var range: Range<Int>? { next == 0 ? nil : Int(next) &- 1..<Int(next) &- 1 &+ Int(count) }

        /// Whether the field is not there or has no value.
        @inlinable
        var isEmpty: Bool { count == 0 }
    }

    /// What is known of a request that no prepared answer serves.
    public struct Details: Sendable {
        /// Its identifier; nil if it has no label.
        public var id: RequestID?
        /// The kind of its path, if it is passed through.
        public var passed: PassedPath?
    }

    /// What else the fields say.
    public struct Flags: OptionSet, Sendable {
        /// One bit for each.
        public let rawValue: UInt16
        /// The set of these bits.
        @inlinable
        public init(rawValue: UInt16) { self.rawValue = rawValue }

        /// There are several `Host` fields.
        public static let severalHosts = Flags(rawValue: 1 << 0)
        /// There are several `Authorization` fields.
        public static let severalAuthorizations = Flags(rawValue: 1 << 1)
        /// There are several `X-Api-Key` fields.
        public static let severalAPIKeys = Flags(rawValue: 1 << 2)
        @inlinable static var severalEncodings: Flags { Flags(rawValue: 1 << 3) }
        @inlinable static var pragmaNoCache: Flags { Flags(rawValue: 1 << 4) }
        @inlinable static var anthropicVersion: Flags { Flags(rawValue: 1 << 5) }
        @inlinable static var claudeCode: Flags { Flags(rawValue: 1 << 6) }
    }

    /// When the head was complete, in nanoseconds of the loop's clock.
    public private(set) var began: UInt64 = 0
    /// GET, HEAD, ...
    public private(set) var method = Method.get
    /// Its route and path; nil until they are read, and nil for a hit, which uses its answer's label.
    public var label: AccessLabel?
    /// What is noted beside the label.
    public var details = Details()
    /// Whose request it is; nil until it is needed, since that takes a digest.
    public var owner: Owner?
    /// Further facts.
    public private(set) var flags: Flags = []
    /// `Host`; the last of them.
    public private(set) var host = Position()
    /// `Authorization`; the last of them.
    public private(set) var authorization = Position()
    /// `X-Api-Key`; the last of them.
    public private(set) var apiKey = Position()
    /// `Expect`.
    public private(set) var expect = Position()
    @usableFromInline var acceptEncoding = Position()
    @usableFromInline var ifNoneMatch = Position()
    @usableFromInline var ifModifiedSince = Position()
    @usableFromInline var cacheControl: CacheControl?
    /// The lines of `If-None-Match`, which together are one list, if there are several.
    private var joinedTags: [UInt8]?

    /// The record of no request.
    public init() {}

    /// A request begins at `now`, in nanoseconds of the loop's clock: its head is complete, or will never be complete.
    @inline(__always)
    public mutating func begin(at now: UInt64) {
        began = now
        method = .get
        owner = nil
        flags = []
        host = Position()
        authorization = Position()
        apiKey = Position()
        expect = Position()
        acceptEncoding = Position()
        ifNoneMatch = Position()
        ifModifiedSince = Position()
        cacheControl = nil
        if label != nil {
            label = nil
            details = Details()
        }
        if joinedTags != nil { joinedTags = nil }
    }

    /// The method is known.
    @inline(__always)
    public mutating func note(_ method: Method) { self.method = method }

    /// Adds a field line of the head: its name, and where its value stands.
    @inline(__always)
    public mutating func add(_ name: Span<UInt8>, _ value: Range<Int>, in head: Span<UInt8>) {
        guard let known = KnownField(name) else { return }
        switch known {
        case .host:
            if host.isPresent { flags.insert(.severalHosts) }
            host = Position(value)
        case .authorization:
            if authorization.isPresent { flags.insert(.severalAuthorizations) }
            authorization = Position(value)
        case .apiKey:
            if apiKey.isPresent { flags.insert(.severalAPIKeys) }
            apiKey = Position(value)
        case .userAgent: if head.extracting(value).starts(with: "claude-code/") { flags.insert(.claudeCode) }
        case .acceptEncoding:
            if acceptEncoding.isPresent { flags.insert(.severalEncodings) }
            acceptEncoding = Position(value)
        case .ifNoneMatch:
            if let first = ifNoneMatch.range { join(first, value, head) }
            ifNoneMatch = Position(value)
        case .cacheControl:
            if cacheControl == nil { cacheControl = CacheControl() }
            cacheControl?.merge(head.extracting(value))
        case .pragma: if head.extracting(value).equalsIgnoringCase("no-cache") { flags.insert(.pragmaNoCache) }
        case .anthropicVersion: flags.insert(.anthropicVersion)
        case .ifModifiedSince: ifModifiedSince = Position(value)
        case .expect: expect = Position(value)
        }
    }

    @inline(never)
    private mutating func join(_ first: Range<Int>, _ next: Range<Int>, _ head: Span<UInt8>) {
        joinedTags =
            (joinedTags ?? head.extracting(first).copied()) + [UInt8(ascii: ",")] + head.extracting(next).copied()
    }

    // MARK: What the fields mean

    // These can be inlined in other targets. A call would copy the whole record, since it takes it by value.

    /// The key's identifier in the access log; 0 for none.
    public var key: UInt64 { owner?.high ?? 0 }

    /// Whether upstream treats the request as one of Anthropic's protocol, and so answers with lists other than the
    /// cached ones. A request with a key in `X-Api-Key` alone also uses that protocol: a fetch would not send that key.
    @inlinable
    public var speaksAnthropic: Bool {
        if apiKey.isPresent && authorization.isEmpty { return true }
        return !flags.isDisjoint(with: [.anthropicVersion, .claudeCode])
    }

    /// The request's cache directives.
    @inlinable
    public var directive: CacheDirective {
        if cacheControl == nil && !flags.contains(.pragmaNoCache) { return .any }
        return CacheDirective(cacheControl: cacheControl, pragmaNoCache: flags.contains(.pragmaNoCache))
    }

    /// Whether nothing of the request or its answer may be stored.
    public var forbidsStoring: Bool { cacheControl?.flags.contains(.noStore) ?? false }

    /// The content coding of the answer; br only if that form exists. Several `Accept-Encoding` lines form one list. Few
    /// clients send them; they get the form that any client can read.
    @inlinable
    public func coding(_ head: Span<UInt8>, offersBr: Bool = true) -> ContentCoding {
        guard let range = acceptEncoding.range, !flags.contains(.severalEncodings) else { return .identity }
        return ContentCoding.preferred(for: head.extracting(range), offersBr: offersBr)
    }

    // MARK: What the client has

    /// The request's precondition on the client's stored representation; `now` is the Unix time in seconds.
    public func precondition(_ head: Span<UInt8>, now: Int64) -> Precondition? {
        if !hasPrecondition { return nil }
        return Precondition(
            ifNoneMatch: joinedTags ?? ifNoneMatch.range.map { head.extracting($0).copied() },
            ifModifiedSince: ifModifiedSince.range.flatMap { HTTPDate.parse(head.extracting($0), now: now) })
    }

    /// Whether the client has some representation, of this answer or of another.
    @inlinable
    public var hasPrecondition: Bool { ifNoneMatch.isPresent || ifModifiedSince.isPresent }

    /// Whether the client already has this answer's representation. The same as `Precondition.isMet`, but without a
    /// copy, since it is checked on every hit.
    public func isMet(by answer: Answer, _ head: Span<UInt8>, now: @autoclosure () -> Int64) -> Bool {
        if ifNoneMatch.isPresent { return names(answer.entityTag, head) }
        guard let range = ifModifiedSince.range, let date = HTTPDate.parse(head.extracting(range), now: now()) else {
            return false
        }
        return answer.lastModified <= date
    }

    /// Whether `If-None-Match` is there and names this tag.
    public func names(_ tag: ByteSlice, _ head: Span<UInt8>) -> Bool {
        if let joinedTags { return EntityTag.matches(ifNoneMatch: joinedTags.span, current: tag.span) }
        guard let range = ifNoneMatch.range else { return false }
        return EntityTag.matches(ifNoneMatch: head.extracting(range), current: tag.span)
    }
}
