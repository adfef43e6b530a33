public import Bytes
internal import CZlib

/// The gzip format (RFC 1952) in one piece, by zlib.
public enum Gzip {
    /// The bytes that are handed to zlib in one go: a tenth of a millisecond's work.
    private static let portion = 8 << 10

    /// The level that is usual, whose search is set below.
    private static let usualLevel: Int32 = 6

    /// Has the usual level search as suits a list of models, whose rows are much alike: a match may be as long as the format
    /// knows, a longer one is looked for behind any shorter than 64, but among 40 candidates instead of 128. That takes a
    /// sixth less time than zlib's own choice for 0.5 % more bytes; level 5 takes a quarter less for 5 %.
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

        // With room for the worst case, one call writes it all; the copy then takes as much as is needed and no more.
        let bound = unsafe Int(deflateBound(&stream, UInt(bytes.count)))
        guard let room = UInt32(exactly: bound) else { return nil }
        let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bound)
        defer { unsafe scratch.deallocate() }
        let code = unsafe bytes.withUnsafeBufferPointer { source in
            unsafe stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            unsafe stream.next_out = scratch.baseAddress
            unsafe stream.avail_out = room
            var code = Z_OK
            Portions.run(over: source.count, each: portion) { count, isLast in
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
