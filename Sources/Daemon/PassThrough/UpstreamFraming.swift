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
        var length: [UInt8]?
        var hasCoding = false
        for field in fields {
            guard Self.isToken(field.name) else { return nil }
            let name = field.name.span
            if name.equalsIgnoringCase("transfer-encoding") {
                hasCoding = true
            } else if name.equalsIgnoringCase("content-length") {
                guard !field.value.isEmpty, field.value.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }),
                    length == nil || length == field.value
                else { return nil }
                length = field.value
            }
        }
        if isHead || status == 204 || status == 304 {
            self = .none
        } else {
            self = length != nil && !hasCoding ? .length : .unknown
        }
    }

    /// RFC 9110 section 5.6.2. A space before the colon makes a name that is none, and two readings of it.
    private static func isToken(_ name: [UInt8]) -> Bool {
        !name.isEmpty
            && name.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }
}
