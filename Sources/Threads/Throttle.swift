internal import Glibc

/// Long work on a thread that may share its core with a loop.
///
/// The scheduler preempts a busy thread only at its ticks, which are milliseconds apart. Requests would stall for that
/// long. So long work repeatedly marks where it may be interrupted.
public enum Throttle {
    /// How long a thread may work before it lets others have the core, in nanoseconds: about as long as a loop takes
    /// for thirty requests. Each rest costs about 15,000 on a virtual machine, so this must not be much shorter.
    static let stretch = 200_000

    /// The maximum of that time, reached when the rests help no other thread.
    static let longestStretch = 4 * stretch

    /// How long a thread then sleeps, in nanoseconds; the kernel adds about 50,000.
    private static let nap = 20_000

    /// The calling thread begins to work beside loops. On a thread that never called this, such as a loop's own, or the
    /// main one before it serves, `pauseIfNeeded` does nothing.
    public static func begin() {
        let turn = Turn(began: clock(CLOCK_MONOTONIC))
        if let own = unsafe own {
            // How busy the loops were during the last piece of work says nothing about now.
            unsafe own.pointee = turn
        } else {
            let own = UnsafeMutablePointer<Turn>.allocate(capacity: 1)
            unsafe own.initialize(to: turn)
            unsafe pthread_setspecific(turns, own)
        }
    }

    /// Gives up the core if this thread has had it for long: it sleeps for a moment. If the process did nothing
    /// meanwhile, its loops are idle, and the next rest comes later.
    ///
    /// Yielding (`sched_yield`) is not enough. The scheduler favours a thread that was idle for long over a loop that
    /// is always ready. The thread gets the core right back, ten times in a row. Later, with both always ready, it gets
    /// the core only after a whole time slice of the loop.
    ///
    /// Otherwise it takes about 40 ns, so it may follow every few microseconds of work. Do not call it while holding a
    /// lock that a loop may need.
    public static func pauseIfNeeded() {
        guard let turn = unsafe own else { return }
        let begun = clock(CLOCK_MONOTONIC)
        guard unsafe begun - turn.pointee.began >= turn.pointee.stretch else { return }
        let used = clock(CLOCK_PROCESS_CPUTIME_ID)
        var time = timespec(tv_sec: 0, tv_nsec: nap)
        unsafe nanosleep(&time, nil)
        let ended = clock(CLOCK_MONOTONIC)
        unsafe turn.pointee.rested(since: begun, until: ended, used: clock(CLOCK_PROCESS_CPUTIME_ID) - used)
    }

    /// What each thread that works beside loops remembers, in nanoseconds.
    struct Turn {
        /// When it last began to work.
        var began: Int
        /// How long it may work from then on.
        var stretch = Throttle.stretch

        /// It slept for that time, in which the process ran for `used`. The time that other threads had the core does
        /// not count as work.
        mutating func rested(since start: Int, until end: Int, used: Int) {
            began = end
            stretch = 2 * used >= end - start ? Throttle.stretch : min(2 * stretch, Throttle.longestStretch)
        }
    }

    private static var own: UnsafeMutablePointer<Turn>? {
        unsafe pthread_getspecific(turns)?.assumingMemoryBound(to: Turn.self)
    }

    /// The key under which each thread keeps its `Turn`.
    private static let turns: pthread_key_t = {
        var key = pthread_key_t()
        let code = unsafe pthread_key_create(&key) { unsafe $0?.deallocate() }
        precondition(code == 0, "a program has room for a thousand such keys")
        return key
    }()

    /// A clock's nanoseconds. Those of the time that the process has run take a system call.
    private static func clock(_ which: clockid_t) -> Int {
        var time = timespec()
        unsafe clock_gettime(which, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}
