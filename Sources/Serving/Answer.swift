public import Bytes
public import Caching
public import HTTPCore

/// A complete response, ready to send: the part of its head that is the same for every request, and its body.
///
/// It belongs to one loop. Each time it is sent as the head, then `Date`, `Age` and `Cache-Status`, then the body.
public final class Answer {
    /// The stored response that it was made from, or an entry that represents several. The answer is valid while those
    /// are in use.
    public let source: Entry

    /// The owner; `nil` if it may answer everyone.
    public let owner: Owner?

    /// What its head says of the body.
    let form: AnswerForm
    /// The parts of its head.
    private let heads: AnswerHeads

    /// The body, in the coding of its form.
    public let body: ByteSlice

    /// The first Unix second at which the body could change because models age; nil for most.
    let validUntil: Int64?

    /// The request target that it answers, compared on look-up because hashes can collide.
    public let target: [UInt8]

    /// The index of the view that the target names, for metrics; nil if it names none.
    public let view: Int?

    /// The coding that its clients prefer. The body may be in another coding until the preferred form is ready, or if
    /// that form would not be worth making.
    public let preferred: ContentCoding
    /// Whether compression is in progress.
    var isCompressing = false
    /// The kind of route that it answers; set when metrics first need it.
    var routeKind: Route.Kind?
    /// The prepared head of its hits, as last written.
    public private(set) var preparedHead = PreparedHead()
    /// The common part of the access log lines of its hits, once there was one.
    var accessLine: SharedBytes?
    /// Its slot in the cache, while it has one.
    var ticket: RecencyList<Evictable>.Ticket?
    /// The slots of the entries that it was made from; when one of them is removed, so is the answer.
    var storedEntries: [StoredEntry] = []

    init(
        source: Entry, owner: Owner?, form: AnswerForm, body: ByteSlice, validUntil: Int64?, target: [UInt8],
        view: Int?, preferred: ContentCoding
    ) {
        self.source = source
        self.owner = owner
        self.form = form
        heads = AnswerHeads(source: source, owner: owner, form: form, length: body.count)
        self.body = body
        self.validUntil = validUntil
        self.target = target
        self.view = view
        self.preferred = preferred
    }

    /// The response status.
    public var status: Status { form.status }

    /// The content coding of the body.
    public var coding: ContentCoding { form.coding }

    /// Whether it answers one of Larder's own paths, which web pages of other origins may not read.
    public var isOwn: Bool { form.isOwn }

    /// When the content last changed, in Unix seconds: the source's time, or the time it was made if it depends on the
    /// time.
    public var lastModified: Int64 { form.lastModified }

    /// Status line and fixed fields, each with its line end, without the final empty line.
    public var head: ByteSlice { heads.head }

    /// The head of the 304 for a request that already has this representation; nil if there is none.
    public var notModifiedHead: ByteSlice? { heads.notModified }

    /// The entity tag with its quotes.
    public var entityTag: ByteSlice { heads.entityTag }

    /// Updates `preparedHead` if it is out of date. `common` holds the fields that all hits have after the head, up to the
    /// value of `Age`.
    public func renewPreparedHead(_ common: Span<UInt8>, at now: UInt64, _ wallSeconds: Int64) {
        preparedHead.write(head, common, source.freshness, body, at: now, wallSeconds)
    }

    /// The bytes that it keeps, besides its source, once it was sent as a hit.
    var byteCount: Int {
        let again = head.count + PreparedHead.mostFields + (body.count <= PreparedHead.mostBody ? body.count : 0)
        return body.count + again + head.owner.count + target.count + Self.overhead
    }

    /// The overhead of objects and table slots. Measured: the growth of a process with thousands of answers.
    static let overhead = 768
}

/// What the head of an answer says of its body.
struct AnswerForm {
    /// The response status.
    let status: Status
    /// The media type; nil for that of the source.
    let contentType: StaticString?
    /// The content coding.
    var coding: ContentCoding
    /// Whether it is one of Larder's own paths that it answers.
    let isOwn: Bool
    /// When the content last changed, in Unix seconds.
    let lastModified: Int64
    /// Distinguishes it from other answers of the same entry; part of the entity tag.
    let selection: UInt64
}

/// The parts of an answer's head, adjacent in one allocation.
struct AnswerHeads {
    let head: ByteSlice
    let notModified: ByteSlice?
    let entityTag: ByteSlice

    /// Writes the heads of an answer made from `source`. A representation in another coding has another tag (RFC 9110
    /// section 8.8.3).
    init(source: Entry, owner: Owner?, form: AnswerForm, length: Int) {
        var tag = ByteBuilder(capacity: 48)
        tag.append("\"")
        tag.append(hex: source.identity)
        if form.selection != 0 { tag.append(hex: form.selection) }
        if form.coding != .identity {
            tag.append("-")
            tag.append(form.coding.token)
        }
        tag.append("\"")

        var out = ResponseHeadWriter(capacity: 640)
        out.statusLine(form.status)
        if let contentType = form.contentType {
            out.field("Content-Type", contentType)
        } else {
            let contentType = source.contentType
            out.field("Content-Type", contentType.span)
        }
        out.field("Content-Length", decimal: length)
        if form.coding != .identity { out.field("Content-Encoding", form.coding.token) }
        Self.appendShared(source, owner, tag.span, form.lastModified, to: &out)
        let headEnd = out.bytes.count

        let hasNotModified = form.status == .ok
        if hasNotModified {
            out.statusLine(.notModified)
            Self.appendShared(source, owner, tag.span, form.lastModified, to: &out)
        }
        let bothEnd = out.bytes.count
        out.content(tag.span)
        let bytes = SharedBytes(copying: out.bytes.span)
        head = bytes[0..<headEnd]
        notModified = hasNotModified ? bytes[headEnd..<bothEnd] : nil
        entityTag = bytes[bothEnd..<bytes.count]
    }

    /// The fields that a 304 must also have (RFC 9110 section 15.4.5).
    private static func appendShared(
        _ source: Entry, _ owner: Owner?, _ tag: Span<UInt8>, _ lastModified: Int64, to out: inout ResponseHeadWriter
    ) {
        out.field("ETag", tag)
        out.field("Cache-Control", source.isShared ? "public, max-age=" : "private, max-age=", decimal: source.maxAge)
        out.field("Last-Modified", date: lastModified)
        let vary: StaticString = owner == nil ? "Accept-Encoding" : "Authorization, Accept-Encoding"
        out.field("Vary", vary)
    }
}

extension Answer {
    /// The smallest body that is worth compressing: below it the saving is less than a packet.
    static let worthCompressing = 1024

    /// Makes an answer from an entry. `selection` is 0 for the entry's own body. An answer that depends on whether
    /// there is a key is kept for each owner, though all owners with a key share the entry.
    static func make(
        from entry: Entry, owner: Owner, body: SharedBytes, contentType: StaticString? = nil, coding: ContentCoding,
        isOwn: Bool = false, lastModified: Int64, selection: UInt64, validUntil: Int64?, target: [UInt8],
        view: Int? = nil, preferred: ContentCoding,
        dependsOnKey: Bool = false
    ) -> Answer {
        let status: Status = if case .refusal(let refused, _) = entry.content { refused } else { .ok }
        let form = AnswerForm(
            status: status, contentType: contentType, coding: coding, isOwn: isOwn, lastModified: lastModified,
            selection: selection)
        return Answer(
            source: entry, owner: entry.isShared && !dependsOnKey ? nil : owner, form: form, body: body.all,
            validUntil: validUntil, target: target, view: view, preferred: preferred)
    }

    /// Whether to compress the body now. Called on each hit: true once, on the first hit after the answer was made,
    /// which is its second use.
    public func wantsCompression() -> Bool {
        guard preferred != coding, !isCompressing, body.count >= Self.worthCompressing else { return false }
        isCompressing = true
        return true
    }

    /// The same answer with its body in the coding that its clients prefer.
    func compressed(_ coded: SharedBytes) -> Answer {
        var form = form
        form.coding = preferred
        return Answer(
            source: source, owner: owner, form: form, body: coded.all, validUntil: validUntil, target: target,
            view: view, preferred: preferred)
    }
}

/// The start of a hit's response: the answer's head, the changing fields after it, and the body too if it is small.
///
/// The changing fields are valid for up to a second, and popular resources are often requested many times within one.
/// So they are written once for all hits in that time, and a hit writes nothing.
public struct PreparedHead: ~Copyable {
    /// The largest body that is copied behind the head, in bytes. One piece is sent faster than two, and copying so
    /// much once a second costs less than that.
    public static let mostBody = 4096

    /// The approximate maximum size of the changing fields, in bytes.
    static let mostFields = 192

    /// The bytes last written: empty at first.
    public private(set) var bytes = ByteBuilder(capacity: 1)

    /// The Unix second that `Date` shows.
    private var second: Int64 = .min
    /// When `Age` or `ttl` change next, in milliseconds of the monotonic clock.
    private var until: UInt64 = 0

    init() {}

    /// Whether it is valid at `now`, in milliseconds of the monotonic clock, and in this Unix second.
    @inline(__always)
    public func isRight(at now: UInt64, _ wallSeconds: Int64) -> Bool { now < until && wallSeconds == second }

    /// Writes all of it: the head, `common` (the fields that all hits have, up to the value of `Age`), the rest, and
    /// the body if it is small. The copy is fresh at `now`.
    mutating func write(
        _ head: ByteSlice, _ common: Span<UInt8>, _ freshness: Freshness, _ body: ByteSlice, at now: UInt64,
        _ wallSeconds: Int64
    ) {
        bytes.removeAll()
        bytes.append(head.span)
        bytes.append(common)
        bytes.append(decimal: freshness.age(at: now))
        // The text of `CacheStatus.hit`, with the line end before it.
        bytes.append("\r\nCache-Status: larder; hit; ttl=")
        bytes.append(decimal: freshness.remaining(at: now))
        bytes.append("\r\n\r\n")
        if body.count <= Self.mostBody { bytes.append(body.span) }
        second = wallSeconds
        until = freshness.secondsChange(after: now)
    }
}
