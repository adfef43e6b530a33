/// Where the streams of a client read into, one after the other.
@safe final class ReadingRoom {
    /// In bytes.
    static let size = 64 << 10

    let raw = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)

    deinit { unsafe raw.deallocate() }
}
