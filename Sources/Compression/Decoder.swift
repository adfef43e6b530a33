public import Bytes
internal import CBrotli
internal import CZlib
import Threads

/// A coding that can be decoded.
public enum Decoder: Sendable {
    /// gzip (RFC 1952): one member or several. Zeros may follow the last one, as some writers pad files.
    case gzip
    /// deflate (RFC 1951) as HTTP means it, in the zlib format (RFC 1950), and raw as some servers send it.
    case deflate
    /// Brotli (RFC 7932).
    case brotli

    /// Decodes `bytes`, which are the whole of a coded body, to at most `limit` bytes.
    ///
    /// The end of the coding is the end of `bytes`: a truncated coding, or one followed by other bytes, is refused. The
    /// coding's checksums and lengths are checked. It works in chunks that need little memory besides the result, and
    /// lets other threads run between them.
    public func decode(_ bytes: borrowing Span<UInt8>, limit: Int) throws(DecodingFault) -> SharedBytes {
        guard bytes.count > 0 else { throw .cut }
        switch self {
        case .gzip: return try Inflate.decode(bytes, isGzip: true, limit: limit)
        case .deflate: return try Inflate.decode(bytes, isGzip: false, limit: limit)
        case .brotli: return try Brotli.decode(bytes, limit: limit)
        }
    }

    /// About how many bytes the decoded form has, as the coded form declares it. This is only a hint.
    public func expectedCount(of bytes: borrowing Span<UInt8>) -> Int {
        if case .gzip = self, bytes.count >= Inflate.shortestGzip { return Inflate.statedCount(of: bytes) }
        // Lists of models in JSON shrink to a seventh or an eighth.
        return bytes.count * 10
    }
}

/// Decoded bytes as they come, in chunks and up to a limit.
@safe struct DecodedBytes: ~Copyable {
    /// The bytes that are decoded in one go: well below a tenth of a millisecond's work.
    static let portion = 32 << 10

    /// The coded bytes that are handed to a decoder in one go. Codings have blocks without output, so a bound on the
    /// output alone does not bound the work.
    static let inputPortion = 32 << 10

    /// The buffer for the decoder's next chunk.
    let room: UnsafeMutablePointer<UInt8>

    private var bytes: ByteBuilder
    private let limit: Int

    /// Empty, with room for `expected` bytes.
    init(limit: Int, expected: Int) {
        unsafe room = .allocate(capacity: Self.portion)
        bytes = ByteBuilder(capacity: max(1, min(limit, expected)))
        self.limit = limit
    }

    deinit { unsafe room.deallocate() }

    /// Takes the first `count` bytes of `room`, and lets other threads run.
    mutating func take(_ count: Int) throws(DecodingFault) {
        guard bytes.count + count <= limit else { throw .tooLarge }
        bytes.append(unsafe Span(_unsafeStart: room, count: count))
        Throttle.pauseIfNeeded()
    }

    /// All of them. An allocation that is much larger than its bytes is not kept: the result may be stored for long.
    mutating func finish() -> SharedBytes {
        var taken = ByteBuilder(capacity: 0)
        swap(&taken, &bytes)
        let isLoose = taken.count < taken.capacity - taken.capacity / 8
        return isLoose ? SharedBytes(copying: taken.span) : taken.finish()
    }
}

/// Why coded bytes could not be decoded.
public enum DecodingFault: Error, Equatable, Sendable {
    /// The bytes end before the coding does.
    case cut
    /// The bytes are not in this coding, or a checksum or a length in them is wrong.
    case malformed
    /// Further bytes follow the end of the coding.
    case trailing
    /// The decoded form has more bytes than the limit.
    case tooLarge
    /// There is not enough memory.
    case outOfMemory
}

/// Long work in chunks, between which other threads may run.
enum Chunks {
    /// Calls `work` with the number of bytes of each chunk of `count`, and whether it is the last. There is always at
    /// least one chunk. A false from `work` stops.
    static func run(over count: Int, each size: Int, _ work: (_ bytes: Int, _ isLast: Bool) -> Bool) {
        var left = count
        while true {
            let portion = min(left, size)
            left -= portion
            guard work(portion, left == 0) else { return }
            Throttle.pauseIfNeeded()
            if left == 0 { return }
        }
    }
}
