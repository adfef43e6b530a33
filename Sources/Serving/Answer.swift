public import Bytes
public import Caching
public import HTTPCore

/// A whole response, ready to be sent: all of its head that does not change from request to request, and its body.
///
/// It belongs to one loop. What it is sent with each time is the head, then `Date`, `Age` and `Cache-Status`, then the body.
public final class Answer {
    /// The stored response that it was made from, or what stands for several; while those are in use, this is too.
    public let source: Entry

    /// Whose it is: `nil` if it may answer everyone.
    public let owner: Owner?

    /// The status that it is sent with.
    public let status: Status
    /// The coding that its body is in.
    public let coding: ContentCoding

    /// Status line and fixed fields, each line ended, the empty line not yet there.
    public let head: ByteSlice

    /// The same of the 304 that answers a request which has this representation already; nil where there is none.
    public let notModifiedHead: ByteSlice?

    /// The body, in that coding.
    public let body: ByteSlice

    /// The entity tag with its quotes.
    public let entityTag: ByteSlice

    /// When what it shows came to be so, in Unix seconds: with its source, or when it was made if it depends on the time.
    public let lastModified: Int64

    /// What tells it apart from other answers of the same entry; part of the entity tag.
    let selection: UInt64

    /// The first Unix second at which the body could be another, because models age; nil for most.
    let validUntil: Int64?

    /// The request target that it answers, for comparing: its hash alone could be met by another.
    let target: [UInt8]

    /// The coding that the clients it is served to would like best: served in another one, it is so only until a form in
    /// that one is there, or because that would not be worth it.
    public let preferred: ContentCoding
    /// Whether the compression is under way.
    var isCompressing = false
    /// The kind of route that it answers, once metrics have asked.
    var routeKind: Route.Kind?
    /// What its hits begin with, as it was last written.
    public private(set) var hitHead = HitHead()
    /// What the access log's lines of its hits have in common, once there was one.
    var accessLine: SharedBytes?
    /// Its place in the cache, while it has one.
    var ticket: RecencyList<Evictable>.Ticket?
    /// Where the entries stand that it was made of; when one of them goes, so does the answer.
    var shelves: [Shelf] = []

    init(
        source: Entry, owner: Owner?, status: Status, coding: ContentCoding, heads: AnswerHeads, body: ByteSlice,
        lastModified: Int64, selection: UInt64, validUntil: Int64?, target: [UInt8], preferred: ContentCoding
    ) {
        self.source = source
        self.owner = owner
        self.status = status
        self.coding = coding
        head = heads.head
        notModifiedHead = heads.notModified
        entityTag = heads.entityTag
        self.body = body
        self.lastModified = lastModified
        self.selection = selection
        self.validUntil = validUntil
        self.target = target
        self.preferred = preferred
    }

    /// Brings `hitHead` up to date, where it is not: `common` is what all hits have behind the head, up to the value of `Age`.
    public func renewHitHead(_ common: Span<UInt8>, at now: UInt64, _ wallSeconds: Int64) {
        hitHead.write(head, common, source.freshness, body, at: now, wallSeconds)
    }

    /// The bytes that it keeps, besides its source, once it was sent.
    var byteCount: Int {
        let again = body.count <= HitHead.mostBody ? body.count : 0
        return body.count + again + head.owner.count + target.count + Entry.overhead
    }
}

/// The parts of an answer's head, which lie side by side in one allocation.
struct AnswerHeads {
    let head: ByteSlice
    let notModified: ByteSlice?
    let entityTag: ByteSlice

    /// Writes the heads of an answer made from `source`. `selection` tells apart the answers that one list of rows gives;
    /// a representation in another coding has another tag (RFC 9110 section 8.8.3).
    init(
        source: Entry, status: Status, coding: ContentCoding, lastModified: Int64, selection: UInt64, length: Int
    ) {
        var tag = ByteBuilder(capacity: 48)
        tag.append("\"")
        tag.append(hex: source.identity)
        if selection != 0 { tag.append(hex: selection) }
        if coding != .identity {
            tag.append("-")
            tag.append(coding.token)
        }
        tag.append("\"")

        var out = ByteBuilder(capacity: 640)
        HeadWriter.appendStatusLine(status, to: &out)
        let contentType = source.contentType
        HeadWriter.appendField("Content-Type", contentType.span, to: &out)
        HeadWriter.appendField("Content-Length", decimal: length, to: &out)
        if coding != .identity { HeadWriter.appendField("Content-Encoding", coding.token, to: &out) }
        Self.appendShared(source, tag.span, lastModified, to: &out)
        let headEnd = out.count

        let hasNotModified = status == .ok
        if hasNotModified {
            HeadWriter.appendStatusLine(.notModified, to: &out)
            Self.appendShared(source, tag.span, lastModified, to: &out)
        }
        let bothEnd = out.count
        out.append(tag.span)
        let bytes = SharedBytes(copying: out.span)
        head = bytes[0..<headEnd]
        notModified = hasNotModified ? bytes[headEnd..<bothEnd] : nil
        entityTag = bytes[bothEnd..<bytes.count]
    }

    /// The fields that a 304 must have as well (RFC 9110 section 15.4.5).
    private static func appendShared(
        _ source: Entry, _ tag: Span<UInt8>, _ lastModified: Int64, to out: inout ByteBuilder
    ) {
        HeadWriter.appendField("ETag", tag, to: &out)
        out.append(source.isShared ? "Cache-Control: public, max-age=" : "Cache-Control: private, max-age=")
        out.append(decimal: source.maxAge)
        out.append("\r\n")
        out.append("Last-Modified: ")
        HTTPDate.append(lastModified, to: &out)
        out.append("\r\n")
        let vary: StaticString = source.isShared ? "Accept-Encoding" : "Authorization, Accept-Encoding"
        HeadWriter.appendField("Vary", vary, to: &out)
    }
}
