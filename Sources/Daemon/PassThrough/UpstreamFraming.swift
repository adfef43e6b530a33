import Bytes
import HTTPCore
import Upstream

/// How long upstream's answer says that it is.
///
/// curl reads bodies by the same rules, but it takes a length that only begins like one, and the last of several. Whoever
/// reads the answer behind us may not, and would look for the next one elsewhere; so such an answer is not passed on.
enum UpstreamFraming: Equatable {
    /// There is no body, whatever the fields say: HEAD, 204, 304.
    case none
    /// By `Content-Length`.
    case length
    /// By chunks, or by the end of the connection. A `Content-Length` beside chunks counts for nothing (RFC 9112 section 6.3).
    case unknown

    /// Nil if the fields contradict each other, or cannot be passed on as they are.
    init?(_ fields: StreamFields, status: Int, isHead: Bool) {
        var length: Int?
        var hasCoding = false
        for index in 0..<fields.count {
            let name = fields.name(index)
            // A space before the colon makes a name that is none, and two readings of it.
            guard FieldSyntax.isToken(name) else { return nil }
            if name.equalsIgnoringCase("transfer-encoding") {
                hasCoding = true
            } else if name.equalsIgnoringCase("content-length") {
                let value = fields.value(index)
                guard Self.isNumber(value), length.map({ fields.value($0).equals(value) }) ?? true else { return nil }
                length = index
            }
        }
        if isHead || status == 204 || status == 304 {
            self = .none
        } else {
            self = length != nil && !hasCoding ? .length : .unknown
        }
    }

    private static func isNumber(_ text: Span<UInt8>) -> Bool {
        for index in 0..<text.count where text[index] &- UInt8(ascii: "0") >= 10 { return false }
        return text.count > 0
    }
}
