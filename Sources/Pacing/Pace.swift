internal import Glibc

/// Long work on a thread that may have to share its core with a loop.
///
/// The scheduler takes the core from a thread that works only at its ticks, which are milliseconds apart, and for so long
/// nobody is answered. So whatever takes long says again and again where it may be interrupted.
public enum Pace {
    /// How long a thread may work before it lets others have the core, in nanoseconds: about as long as a loop takes for
    /// thirty requests. Each rest costs some 15,000 on a virtual machine, so it may not be much shorter.
    static let stretch = 200_000

    /// For how long it then stays away, in nanoseconds; the kernel adds some 50,000.
    private static let nap = 20_000

    /// The calling thread begins to work beside loops. On a thread that never said so, such as a loop's own, or the main one
    /// before anybody is served, `rest` does nothing.
    public static func begin() { unsafe pthread_setspecific(beginning, UnsafeRawPointer(bitPattern: now)) }

    /// Lets others have the core, if this thread has had it for long: it sleeps for a moment.
    ///
    /// Giving way (`sched_yield`) does not do. A thread that has done nothing for long is owed more by the scheduler than a
    /// loop that is always there, so that it gets the core right back, ten times in a row; and later, with both always
    /// ready, only after a whole slice of the loop's.
    ///
    /// It takes some 40 ns otherwise, so it may stand behind every few microseconds of work; not where a lock is held that a
    /// loop may want.
    public static func rest() {
        let last = unsafe Int(bitPattern: pthread_getspecific(beginning))
        guard last > 0, now - last >= stretch else { return }
        var time = timespec(tv_sec: 0, tv_nsec: nap)
        unsafe nanosleep(&time, nil)
        // The time that others had the core does not count.
        begin()
    }

    /// Under which each thread keeps when it last began to work, in nanoseconds; 0 if it never did.
    private static let beginning: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key, nil)
        precondition(code == 0, "a program has room for a thousand such keys")
        return key
    }()

    /// A clock that never goes back, in nanoseconds. The time that a thread has run would be exacter, but asking for it is a
    /// system call.
    private static var now: Int {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
