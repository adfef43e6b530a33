import Glibc

/// The clock that Larder takes whole seconds from (`Loop.wallSeconds`).
///
/// It is up to a tick of the kernel late, ten milliseconds at most. So for that long at the beginning of each second,
/// `Date()` shows one second more than Larder. A test that compares seconds with Larder's must read this clock.
public enum CoarseClock {
    /// Seconds since 1970.
    public static var seconds: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return time.tv_sec
    }
}
