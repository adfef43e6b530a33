import Bytes
import Caching
import HTTPCore

extension Answer {
    /// The smallest body that is worth compressing: below it the saving is less than a packet.
    static let worthCompressing = 1024

    /// Makes an answer from an entry. `selection` is 0 for a body that is the entry's own.
    static func make(
        from entry: Entry, owner: Owner, body: SharedBytes, coding: ContentCoding, lastModified: Int64,
        selection: UInt64, validUntil: Int64?, target: [UInt8], preferred: ContentCoding
    ) -> Answer {
        let status: Status = if case .refusal(let refused, _) = entry.content { refused } else { .ok }
        let heads = AnswerHeads(
            source: entry, status: status, coding: coding, lastModified: lastModified, selection: selection,
            length: body.count)
        return Answer(
            source: entry, owner: entry.isShared ? nil : owner, status: status, coding: coding, heads: heads,
            body: body.all, lastModified: lastModified, selection: selection, validUntil: validUntil, target: target,
            preferred: preferred)
    }

    /// Whether its compressed form should be made now. It is asked on each hit: true once, on the first hit after the
    /// answer was made, that is on the second use.
    public func wantsCompression() -> Bool {
        guard preferred != coding, !isCompressing, body.count >= Self.worthCompressing else { return false }
        isCompressing = true
        return true
    }

    /// The same answer with its body in the coding that clients would like best.
    func compressed(_ coded: SharedBytes) -> Answer {
        let heads = AnswerHeads(
            source: source, status: status, coding: preferred, lastModified: lastModified, selection: selection,
            length: coded.count)
        return Answer(
            source: source, owner: owner, status: status, coding: preferred, heads: heads, body: coded.all,
            lastModified: lastModified, selection: selection, validUntil: validUntil, target: target,
            preferred: preferred)
    }
}
