import Bytes
import Compression
import Testing

/// What bytes can be compressed to, by the name that `unpacked` knows it by.
enum Format: String, CaseIterable, Sendable {
    case gzip
    case brotli = "br"

    func compressed(_ bytes: [UInt8], level: Int = 6) throws -> [UInt8] {
        let stream =
            switch self {
            case .gzip: Gzip.compress(bytes.span, level: level)
            case .brotli: Brotli.compress(bytes.span, quality: level)
            }
        let packed = try #require(stream)
        return packed.span.copied()
    }
}

/// Bytes that compress about as well as text does, the same at every call.
func sample(_ count: Int) -> [UInt8] {
    var state: UInt64 = 1
    return (0..<count).map { index in
        if index % 3 == 0 { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407 }
        return UInt8(truncatingIfNeeded: 0x61 + (state >> 40) % 16)
    }
}
