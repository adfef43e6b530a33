public import Bytes
internal import CBrotli

/// The Brotli format (RFC 7932) in one piece, by Google's library.
public enum Brotli {
    /// The bytes as one Brotli stream, or nil when memory does not suffice.
    ///
    /// Equal bytes at one quality give equal streams. `quality` goes from 0 (quick) to 11 (small); from 10 on it takes a
    /// hundred times as long. The window has 4 MiB, which every decoder takes.
    public static func compress(_ bytes: borrowing Span<UInt8>, quality: Int = 6) -> SharedBytes? {
        precondition((0...11).contains(quality), "a quality outside of 0...11")
        // The bound is 0 where there is none, for sizes that no memory holds.
        let bound = max(64, BrotliEncoderMaxCompressedSize(bytes.count))
        let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bound)
        defer { unsafe scratch.deallocate() }
        var written = bound
        let isWhole = unsafe bytes.withUnsafeBufferPointer { source in
            unsafe BrotliEncoderCompress(
                Int32(quality), BROTLI_DEFAULT_WINDOW, BROTLI_MODE_TEXT, source.count, source.baseAddress, &written,
                scratch.baseAddress)
        }
        guard isWhole == BROTLI_TRUE else { return nil }
        return unsafe SharedBytes(copying: Span(_unsafeElements: UnsafeBufferPointer(rebasing: scratch[..<written])))
    }
}
