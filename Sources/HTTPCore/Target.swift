import Bytes

/// The parts of a request target in origin-form, as ranges of its bytes (RFC 9112 section 3.2.1).
public struct Target: Equatable, Sendable {
    /// The path, up to `?`. It is empty where a target in absolute-form has none.
    public let path: Range<Int>

    /// The query, after `?`; nil if there is none.
    public let query: Range<Int>?

    /// The authority of a target in absolute-form, which then counts instead of `Host` (RFC 9112 section 3.2.2).
    public let authority: Range<Int>?

    /// Splits a target. One that is in absolute-form (`http://host/path`, RFC 9112 section 3.2.2) is read from the end
    /// of its authority; one in no form that names a path is nil, as is one with a fragment, which no target may have.
    public init?(_ target: Span<UInt8>) {
        var start = 0
        var authority: Range<Int>?
        if target.count > 0, target[0] != UInt8(ascii: "/") {
            let scheme = Target.schemeLength(target)
            guard scheme > 0 else { return nil }
            start = Target.authorityEnd(target, from: scheme)
            authority = scheme..<start
        }
        guard start < target.count || authority != nil else { return nil }
        var mark: Int?
        for index in start..<target.count {
            let byte = target[index]
            if byte == UInt8(ascii: "#") { return nil }
            if byte == UInt8(ascii: "?"), mark == nil { mark = index }
        }
        self.authority = authority
        path = start..<(mark ?? target.count)
        query = mark.map { $0 + 1..<target.count }
    }

    /// Where the authority ends, behind which an empty path is the root (RFC 9110 section 4.2.3).
    private static func authorityEnd(_ target: Span<UInt8>, from start: Int) -> Int {
        for index in start..<target.count {
            switch target[index] {
            case UInt8(ascii: "/"), UInt8(ascii: "?"), UInt8(ascii: "#"): return index
            default: break
            }
        }
        return target.count
    }

    private static func schemeLength(_ target: Span<UInt8>) -> Int {
        if target.count > 7, target.extracting(0..<7).equalsIgnoringCase("http://") { return 7 }
        if target.count > 8, target.extracting(0..<8).equalsIgnoringCase("https://") { return 8 }
        return 0
    }
}
