internal import CUV
import Glibc

/// How many bytes of one connection the kernel takes that it cannot send yet (`TCP_NOTSENT_LOWAT`, tcp(7)).
///
/// By itself it would take megabytes. With hundreds of clients that all fetch a long list, what is copied has then left the
/// processor's caches before it is sent, so the connections of a loop share about what the caches hold. Where there are
/// few, nearly all answers go in one piece: each time that a socket takes less costs a turn of the loop.
enum UnsentLimit {
    /// For few connections. Sockets that listen have it, and those that are accepted inherit it without a system call.
    static let inherited: Int32 = 512 << 10

    /// For however many. With less, a whole list took more of the processor again: a third more with half of it.
    private static let least: Int32 = 64 << 10

    /// What all connections of a loop may leave unsent together, as long as `least` suffices for it.
    private static let budget = 24 << 20

    /// For each of so many connections of a loop. It is a power of two, so that few changes in their number change it.
    static func bytes(among connections: Int) -> Int32 {
        var limit = inherited
        while limit > least, Int(limit) * connections > budget { limit /= 2 }
        return limit
    }

    /// Sets it for a TCP socket. One that has it not goes on as it is: it is merely slower.
    static func set(_ limit: Int32, on descriptor: Int32) {
        var value = limit
        unsafe _ = setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, &value, socklen_t(MemoryLayout<Int32>.size))
    }
}
