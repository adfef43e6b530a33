import Bytes
import Compression
import HTTPCore

extension ContentCoding {
    /// The bytes in this coding; nil for identity, and when memory does not suffice.
    func compress(_ bytes: borrowing Span<UInt8>) -> SharedBytes? {
        switch self {
        case .identity: nil
        case .gzip: Gzip.compress(bytes)
        case .br: Brotli.compress(bytes)
        }
    }
}
