public import Bytes
internal import CBrotli

/// The Brotli format (RFC 7932) in one piece, by Google's library.
public enum Brotli {
    /// The bytes that are encoded in one go: a quarter of a millisecond's work. By itself, the encoder gathers 64 KiB,
    /// and may then take a whole millisecond before it returns. Ending its blocks earlier costs a fiftieth of the
    /// stream's size.
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

        // Incompressible data grows a little; a result that grows by more is useless.
        let bound = bytes.count + bytes.count / 64 + 1024
        let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: bound)
        defer { unsafe scratch.deallocate() }
        var room = bound
        var end = scratch.baseAddress
        unsafe bytes.withUnsafeBufferPointer { source in
            var next = source.baseAddress
            Chunks.run(over: source.count, each: portion) { count, isLast in
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

extension Brotli {
    /// The bytes of a whole Brotli stream, at most `limit` of them.
    static func decode(_ bytes: borrowing Span<UInt8>, limit: Int) throws(DecodingFault) -> SharedBytes {
        guard let decoder = unsafe BrotliDecoderCreateInstance(nil, nil, nil) else { throw .outOfMemory }
        defer { unsafe BrotliDecoderDestroyInstance(decoder) }
        let expected = min(limit, Decoder.brotli.expectedCount(of: bytes))
        var output = DecodedBytes(limit: limit, expected: expected)
        var at = 0
        while true {
            let count = min(bytes.count - at, DecodedBytes.inputPortion)
            let part = bytes.extracting(at..<at + count)
            var (left, free) = (count, DecodedBytes.portion)
            let room = unsafe output.room
            let result = unsafe part.withUnsafeBufferPointer { source in
                var next = source.baseAddress
                var end: UnsafeMutablePointer<UInt8>? = unsafe room
                return unsafe BrotliDecoderDecompressStream(decoder, &left, &next, &free, &end, nil)
            }
            at += count - left
            try output.take(DecodedBytes.portion - free)
            switch result {
            case BROTLI_DECODER_RESULT_SUCCESS:
                guard at == bytes.count else { throw .trailing }
                return output.finish()
            case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT where at == bytes.count: throw .cut
            case BROTLI_DECODER_RESULT_NEEDS_MORE_INPUT, BROTLI_DECODER_RESULT_NEEDS_MORE_OUTPUT: continue
            default: throw unsafe shim_brotli_lacks_memory(decoder) != 0 ? .outOfMemory : .malformed
            }
        }
    }
}
