import Bytes
import HTTPCore
import HTTPParsing
import Upstream

/// How the end of upstream's answer is told. Fields that contradict each other have been refused by `ResponseParser`.
enum UpstreamFraming: Equatable {
    /// There is no body, whatever the fields say: HEAD, 204, 304.
    case none
    /// By `Content-Length`.
    case length
    /// By chunks, or by the end of the connection. A `Content-Length` beside chunks counts for nothing (RFC 9112 section 6.3).
    case unknown

    init(_ fields: ReceivedFields, status: Int, isHead: Bool) {
        if isHead || status == 204 || status == 304 {
            self = .none
        } else {
            self =
                PassedFields.has("content-length", fields) && !PassedFields.has("transfer-encoding", fields)
                ? .length : .unknown
        }
    }
}
