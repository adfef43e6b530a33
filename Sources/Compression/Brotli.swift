public import Bytes
internal import CBrotli

/// The Brotli format (RFC 7932) in one piece, by Google's library.
public enum Brotli {
    /// The bytes that are encoded in one go: a quarter of a millisecond's work. The encoder gathers 64 KiB by itself, and then
    /// a whole millisecond may pass before it returns; to end its blocks earlier costs a fiftieth of the stream's size.
    private static let portion = 24 << 10

    /// The bytes as one Brotli stream, or nil when memory does not suffice.
    ///
    /// Equal bytes at one quality give equal streams. `quality` goes from 0 (quick) to 11 (small); from 10 on it takes a
    /// hundred times as long. The window has 4 MiB, which every decoder takes.
    public static func compress(_ bytes: borrowing Span<UInt8>, quality: Int = 6) -> SharedBytes? {
        precondition((0...11).contains(quality), "a quality outside of 0...11")
        guard let encoder = unsafe BrotliEncoderCreateInstance(nil, nil, nil) else { return nil }
        defer { unsafe BrotliEncoderDestroyInstance(encoder) }
        unsafe _ = BrotliEncoderSetParameter(encoder, BROTLI_PARAM_QUALITY, UInt32(quality))
        unsafe _ = BrotliEncoderSetParameter(encoder, BROTLI_PARAM_MODE, BROTLI_MODE_TEXT.rawValue)
        unsafe _ = BrotliEncoderSetParameter(encoder, BROTLI_PARAM_SIZE_HINT, UInt32(clamping: bytes.count))

        // What cannot be compressed grows a little; what grows by more is of no use to anybody.
        let bound = bytes.count + bytes.count / 64 + 1024
        let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bound)
        defer { unsafe scratch.deallocate() }
        var room = bound
        var end = scratch.baseAddress
        unsafe bytes.withUnsafeBufferPointer { source in
            var next = source.baseAddress
            Portions.run(over: source.count, each: portion) { count, isLast in
                var available = count
                let operation = isLast ? BROTLI_OPERATION_FINISH : BROTLI_OPERATION_FLUSH
                let isDone = unsafe BrotliEncoderCompressStream(encoder, operation, &available, &next, &room, &end, nil)
                return isDone == BROTLI_TRUE && available == 0
            }
        }
        guard unsafe BrotliEncoderIsFinished(encoder) == BROTLI_TRUE else { return nil }
        let written = bound - room
        return unsafe SharedBytes(copying: Span(_unsafeElements: UnsafeBufferPointer(rebasing: scratch[..<written])))
    }
}
