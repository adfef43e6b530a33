/// Why compressed bytes could not be read.
public enum GzipError: Error, Equatable {
    /// They are not gzip, or a checksum is wrong.
    case corrupt
    /// They end before the member does.
    case truncated
    /// More would come out than was allowed, or 4 GiB or more went in.
    case tooLarge
    /// There is no memory for zlib's own state.
    case outOfMemory
}
