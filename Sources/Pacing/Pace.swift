internal import Glibc

/// Long work on a thread that may have to share its core with a loop.
///
/// The scheduler takes the core from a thread that works only at its ticks, which are milliseconds apart, and for so long
/// nobody is answered. So whatever takes long says again and again where it may be interrupted.
public enum Pace {
    /// How long a thread may work before it lets others have the core, in nanoseconds: about as long as a loop takes for
    /// thirty requests. Each rest costs some 15,000 on a virtual machine, so it may not be much shorter.
    static let stretch = 200_000

    /// The longest that it becomes, where the rests are of no use to anybody.
    static let longestStretch = 4 * stretch

    /// For how long a thread then stays away, in nanoseconds; the kernel adds some 50,000.
    private static let nap = 20_000

    /// The calling thread begins to work beside loops. On a thread that never said so, such as a loop's own, or the main one
    /// before anybody is served, `rest` does nothing.
    public static func begin() {
        let turn = Turn(began: clock(CLOCK_MONOTONIC))
        if let own = unsafe own {
            // How busy the loops were at the last piece of work says nothing of now.
            unsafe own.pointee = turn
        } else {
            let own = UnsafeMutablePointer<Turn>.allocate(capacity: 1)
            unsafe own.initialize(to: turn)
            unsafe pthread_setspecific(turns, own)
        }
    }

    /// Lets others have the core, if this thread has had it for long: it sleeps for a moment. When the process did nothing
    /// meanwhile, its loops are idle, and the next rest comes later.
    ///
    /// Giving way (`sched_yield`) does not do. A thread that has done nothing for long is owed more by the scheduler than a
    /// loop that is always there, so that it gets the core right back, ten times in a row; and later, with both always
    /// ready, only after a whole slice of the loop's.
    ///
    /// It takes some 40 ns otherwise, so it may stand behind every few microseconds of work; not where a lock is held that a
    /// loop may want.
    public static func rest() {
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
        var stretch = Pace.stretch

        /// It stayed away for that time, in which the process ran for `used`. The time that others had the core does not count
        /// as work.
        mutating func rested(since start: Int, until end: Int, used: Int) {
            began = end
            stretch = 2 * used >= end - start ? Pace.stretch : min(2 * stretch, Pace.longestStretch)
        }
    }

    private static var own: UnsafeMutablePointer<Turn>? {
        unsafe pthread_getspecific(turns)?.assumingMemoryBound(to: Turn.self)
    }

    /// Under which each thread keeps its `Turn`.
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
