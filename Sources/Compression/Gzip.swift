public import Bytes
internal import CZlib

/// The gzip format (RFC 1952) in one piece, by zlib.
public enum Gzip {
    /// The bytes that are handed to zlib in one go: a tenth of a millisecond's work.
    private static let portion = 8 << 10

    /// The level that is usual, whose search is set below.
    private static let usualLevel: Int32 = 6

    /// Tunes the usual level for a list of models, whose rows are much alike. A match may be as long as the format
    /// permits. After any match shorter than 64, a longer one is searched for, but among 40 candidates instead of 128.
    /// That takes a sixth less time than zlib's own choice for 0.5 % more bytes; level 5 takes a quarter less for 5 %.
    private static func tuneUsualLevel(_ stream: inout z_stream) {
        unsafe _ = deflateTune(&stream, 8, 64, 258, 40)
    }

    /// The bytes as one gzip member, or nil when memory does not suffice or there are 4 GiB of them or more.
    ///
    /// Equal bytes at one level give equal members: the header bears neither a time nor a name.
    /// `level` goes from 0 (stored) and 1 (quick) to 9 (small).
    public static func compress(_ bytes: borrowing Span<UInt8>, level: Int = 6) -> SharedBytes? {
        precondition((0...9).contains(level), "a level of compression outside of 0...9")
        guard bytes.count <= UInt32.max else { return nil }
        var stream = unsafe z_stream()
        guard unsafe shim_deflate_init_gzip(&stream, Int32(level)) == Z_OK else { return nil }
        defer { unsafe _ = deflateEnd(&stream) }
        if level == usualLevel { unsafe tuneUsualLevel(&stream) }

        // With room for the worst case, one call writes it all; the copy then has exactly the size needed.
        let bound = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
        guard let room = UInt32(exactly: bound) else { return nil }
        let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bound)
        defer { unsafe scratch.deallocate() }
        let code = unsafe bytes.withUnsafeBufferPointer { source in
            unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.next_out = scratch.baseAddress
            unsafe stream.avail_out = room
            var code = Z_OK
            Chunks.run(over: source.count, each: portion) { count, isLast in
                unsafe stream.avail_in = UInt32(count)
                code = unsafe deflate(&stream, isLast ? Z_FINISH : Z_NO_FLUSH)
                return code == Z_OK
            }
            return code
        }
        guard code == Z_STREAM_END else { return nil }
        let written = unsafe bound - Int(stream.avail_out)
        return unsafe SharedBytes(copying: Span(_unsafeElements: UnsafeBufferPointer(rebasing: scratch[..<written])))
    }
}

/// Decoding by zlib.
enum Inflate {
    /// The bytes of an empty gzip member.
    static let shortestGzip = 20

    /// The length that a gzip member states at its end, which is that of the whole if there is one member.
    static func statedCount(of bytes: borrowing Span<UInt8>) -> Int {
        var count = 0
        for index in 1...4 { count = count << 8 | Int(bytes[bytes.count - index]) }
        return count
    }

    static func decode(
        _ bytes: borrowing Span<UInt8>, isGzip: Bool, limit: Int
    ) throws(DecodingFault) -> SharedBytes {
        let decoder = isGzip ? Decoder.gzip : .deflate
        let expected = min(limit, decoder.expectedCount(of: bytes))
        var output = DecodedBytes(limit: limit, expected: expected)
        var stream = unsafe z_stream()
        guard unsafe shim_inflate_init(&stream, isGzip ? 31 : isZlib(bytes) ? 15 : -15) == Z_OK else {
            throw .outOfMemory
        }
        defer { unsafe _ = inflateEnd(&stream) }
        var at = 0
        while true {
            let taken = unsafe try member(&stream, bytes, from: at, &output)
            at += taken
            if at == bytes.count { break }
            guard isGzip else { throw .trailing }
            if isPadding(bytes, from: at) { break }
            guard isGzipMember(bytes, at: at) else { throw .trailing }
            unsafe _ = inflateReset(&stream)
        }
        return output.finish()
    }

    /// Decodes one stream that begins at `start`. Returns the number of its coded bytes.
    private static func member(
        _ stream: inout z_stream, _ bytes: borrowing Span<UInt8>, from start: Int, _ output: inout DecodedBytes
    ) throws(DecodingFault) -> Int {
        var at = start
        while true {
            let count = min(bytes.count - at, DecodedBytes.inputPortion)
            let part = bytes.extracting(at..<at + count)
            let room = unsafe output.room
            let (code, left, free) = unsafe part.withUnsafeBufferPointer { source in
                unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
                unsafe stream.avail_in = UInt32(count)
                unsafe stream.next_out = room
                unsafe stream.avail_out = UInt32(DecodedBytes.portion)
                let code = unsafe inflate(&stream, Z_NO_FLUSH)
                return unsafe (code, Int(stream.avail_in), Int(stream.avail_out))
            }
            at += count - left
            try output.take(DecodedBytes.portion - free)
            switch code {
            case Z_STREAM_END: return at - start
            // No progress is possible: there is room for output, so input is missing.
            case Z_OK where at == bytes.count && free > 0, Z_BUF_ERROR where at == bytes.count: throw .cut
            case Z_OK, Z_BUF_ERROR: continue
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .malformed
            }
        }
    }

    /// Whether the bytes begin as the zlib format does. Raw deflate never does: to its decoder this is a stored block with bits set
    /// that encoders leave zero.
    private static func isZlib(_ bytes: borrowing Span<UInt8>) -> Bool {
        guard bytes[0] & 0x0F == 8, bytes[0] >> 4 <= 7 else { return false }
        // One byte alone is cut in either form.
        return bytes.count < 2 || (Int(bytes[0]) << 8 | Int(bytes[1])) % 31 == 0
    }

    private static func isGzipMember(_ bytes: borrowing Span<UInt8>, at: Int) -> Bool {
        bytes[at] == 0x1F && (at + 1 == bytes.count || bytes[at + 1] == 0x8B)
    }

    private static func isPadding(_ bytes: borrowing Span<UInt8>, from start: Int) -> Bool {
        for index in start..<bytes.count where bytes[index] != 0 { return false }
        return true
    }
}
