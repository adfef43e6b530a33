import Glibc

/// Writes all bytes to a descriptor, for as long as that takes: not for a loop's thread. Returns whether they could be
/// written; they cannot where nobody reads any more.
@discardableResult
public func writeAll(_ bytes: Span<UInt8>, to descriptor: Int32) -> Bool {
    unsafe bytes.withUnsafeBytes { buffer in
        var done = 0
        while done < buffer.count {
            let count = unsafe write(descriptor, buffer.baseAddress! + done, buffer.count - done)
            if count > 0 {
                done += count
            } else if errno == EAGAIN {
                // Whoever else has the pipe may have made it one that does not block.
                var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&ready, 1, -1)
            } else if errno != EINTR {
                return false
            }
        }
        return true
    }
}
