import Bytes
internal import CUV
import Glibc

/// One libuv loop, owned by the thread that runs it.
///
/// It is not `Sendable`, and that is the whole concurrency design: everything that belongs to a loop is used on that
/// loop's thread only, and other threads send to it through a `Mailbox`.
@safe public final class Loop {
    /// The C loop. Its `data` is the read slab: the allocation callback finds it there without touching a Swift object.
    let raw: UnsafeMutablePointer<uv_loop_t>

    /// The buffer for every read of this loop. Its bytes are passed on before the next read starts.
    private let slab: UnsafeMutableRawPointer
    static let slabSize = 64 << 10

    /// The scatter list of the current write. libuv copies it before `uv_try_write` or `uv_write` return.
    let gather: UnsafeMutablePointer<uv_buf_t>

    /// Idle write requests for reuse.
    var idleWrites: [WriteRequest] = []

    /// Streams, listeners, timers and the like that libuv still holds; a handle counts until its close has completed.
    public internal(set) var openHandles = 0

    /// Writes that the sockets have not taken yet.
    public internal(set) var pendingWrites = 0

    /// Pieces of work in the thread pool that have not completed yet.
    public internal(set) var pendingWork = 0

    /// How many streams are open; what each may leave unsent depends on it.
    var openStreams = 0

    /// Whether long bodies are sent without copying them.
    public var zeroCopy = ZeroCopy.off

    /// Opened when it is needed first.
    var openPagePipe: PagePipe?

    private var isClosed = false

    /// Makes a loop. It fails only when the machine is out of descriptors or memory, and then stops the program.
    public init() {
        unsafe raw = .allocate(capacity: 1)
        unsafe slab = .allocate(byteCount: Loop.slabSize, alignment: 64)
        unsafe gather = .allocate(capacity: 4)
        let code = unsafe uv_loop_init(raw)
        precondition(code == 0, "no event loop: \(UVError(rawValue: code))")
        unsafe raw.pointee.data = slab
        idleWrites.reserveCapacity(WriteRequest.kept)
        _ = readTimeAsleep()
    }

    deinit {
        // Handles may still point to a loop that was never closed: its memory is then not freed.
        guard isClosed else { return }
        unsafe raw.deallocate()
        unsafe slab.deallocate()
        unsafe gather.deallocate()
    }

    /// Serves events until no handle is open and no work pending.
    public func run() { _ = unsafe uv_run(raw, UV_RUN_DEFAULT) }

    /// Milliseconds of a monotonic clock that includes sleep, as of the start of this iteration. Its zero is long
    /// before boot, so that earlier times can be represented too.
    public var nowMilliseconds: UInt64 { unsafe uv_now(raw) &+ slept.milliseconds &+ Loop.beforeBoot }

    /// How long the machine has slept since boot, in milliseconds, as of the start of this second at the latest.
    public var timeAsleep: UInt64 { slept.milliseconds }

    /// The sleep time that libuv's clock does not count. Read again whenever `wallSeconds` has changed.
    private var slept = TimeAsleep()
    private var lastSecond: Int64 = .min
    private static let beforeBoot: UInt64 = 1 << 42

    /// How long the machine has slept since boot, in milliseconds, read now. It never decreases.
    public func readTimeAsleep() -> UInt64 {
        let all = Loop.nanoseconds(CLOCK_BOOTTIME)
        let awake = Loop.nanoseconds(CLOCK_MONOTONIC)
        slept.read(withSleep: all, withoutSleep: awake)
        return slept.milliseconds
    }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// Reads the clock again for the rest of this iteration. Use it before starting a timer after long work.
    public func updateNow() { unsafe uv_update_time(raw) }

    /// Nanoseconds of a monotonic clock, read now.
    public var nowNanoseconds: UInt64 { uv_hrtime() }

    /// Seconds since 1970, at most one tick of the kernel (4 ms) old.
    public static var wallSeconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME_COARSE, &time)
        return Int64(time.tv_sec)
    }

    /// Seconds since 1970.
    public var wallSeconds: Int64 {
        let now = Loop.wallSeconds
        if now != lastSecond {
            lastSecond = now
            _ = readTimeAsleep()
        }
        return now
    }

    /// Milliseconds since 1970.
    public static var wallMilliseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Waits for closing handles and pending work, and frees the loop. Every handle must have been asked to close; one
    /// that was not stops a debug build, and in a release build the loop's memory is leaked rather than freed under it.
    public func close() {
        guard !isClosed else { return }
        repeat {
            var leftovers = 0
            unsafe uv_walk(raw, countUnclosed, &leftovers)
            assert(leftovers == 0, "\(leftovers) handles are still open on a loop that is closed")
            if leftovers > 0 { return }
            run()
        } while unsafe uv_loop_close(raw) == UV_EBUSY.rawValue
        idleWrites = []
        openPagePipe = nil
        isClosed = true
    }
}

// MARK: C callbacks

private func countUnclosed(_ handle: UnsafeMutablePointer<uv_handle_t>?, _ count: UnsafeMutableRawPointer?) {
    if unsafe uv_is_closing(handle) == 0 { unsafe count!.assumingMemoryBound(to: Int.self).pointee += 1 }
}

/// Calls a closure on the loop after a time, once or again and again.
@safe public final class LoopTimer {
    private let raw: UnsafeMutablePointer<uv_timer_t>
    private let loop: Loop
    private var fire: (() -> Void)?
    private var isClosed = false

    /// A timer that does not run yet. It must be closed before its loop is.
    public init(on loop: Loop, _ fire: @escaping () -> Void) {
        self.loop = loop
        self.fire = fire
        unsafe raw = .allocate(capacity: 1)
        unsafe uv_timer_init(loop.raw, raw)
        // libuv owns this reference until `timerClosed`.
        unsafe raw.pointee.data = Unmanaged.passRetained(self).toOpaque()
        loop.openHandles += 1
    }

    deinit { unsafe raw.deallocate() }

    /// Fires after this many milliseconds, counted from the start of this iteration, and then every `period`
    /// milliseconds (0: once). A running timer is restarted.
    public func start(after milliseconds: Int, repeating period: Int = 0) {
        guard !isClosed else { return }
        unsafe uv_timer_start(raw, timerFired, UInt64(max(0, milliseconds)), UInt64(max(0, period)))
    }

    /// Stops the timer until it is started again.
    public func stop() {
        guard !isClosed else { return }
        unsafe uv_timer_stop(raw)
    }

    /// Closes the timer; it never fires again. Further calls do nothing.
    public func close() {
        guard !isClosed else { return }
        isClosed = true
        unsafe uv_close(handle, timerClosed)
    }

    private var handle: UnsafeMutablePointer<uv_handle_t> {
        unsafe UnsafeMutableRawPointer(raw).assumingMemoryBound(to: uv_handle_t.self)
    }

    fileprivate func fired() { fire?() }

    fileprivate func closed() {
        fire = nil
        loop.openHandles -= 1
    }
}

// MARK: C callbacks

private func timerFired(_ handle: UnsafeMutablePointer<uv_timer_t>?) {
    unsafe Unmanaged<LoopTimer>.fromOpaque(handle!.pointee.data).takeUnretainedValue().fired()
}

private func timerClosed(_ handle: UnsafeMutablePointer<uv_handle_t>?) {
    unsafe Unmanaged<LoopTimer>.fromOpaque(handle!.pointee.data).takeRetainedValue().closed()
}

/// How long the machine has slept since boot: the difference between a clock that counts sleep and one that does not.
///
/// The two clocks can only be read one after the other, and a thread may be preempted between the readings. So the
/// clock that counts sleep is read first: the result is then never too large. It may be too small, but a result smaller
/// than an earlier one is ignored, so the value never decreases.
public struct TimeAsleep: Sendable {
    /// What is known so far, in milliseconds.
    public private(set) var milliseconds: UInt64 = 0

    /// Nothing is known yet.
    public init() {}

    /// Takes in a reading of both clocks in nanoseconds, `withSleep` read before `withoutSleep`.
    public mutating func read(withSleep: Int64, withoutSleep: Int64) {
        let difference = withSleep.subtractingSaturated(withoutSleep)
        milliseconds = max(milliseconds, UInt64(clamping: difference / 1_000_000))
    }
}

/// Detects that the machine has slept for long. Connections kept across the sleep are probably dead, although a clock
/// that stops during sleep does not show their age.
public struct SleepWatch: Sendable {
    private let limit: UInt64
    private var last: UInt64

    /// `limit` is what counts as long, in milliseconds; `asleep` how long the machine has slept so far (`Loop.readTimeAsleep`).
    public init(limit: UInt64, asleep: UInt64) {
        self.limit = limit
        last = asleep
    }

    /// Whether it has slept for longer than the limit since the last look.
    public mutating func hasSlept(asleep: UInt64) -> Bool {
        let slept = asleep.elapsed(since: last)
        last = max(last, asleep)
        return slept > limit
    }
}
