internal import CUV
import Glibc

/// One libuv loop, owned by the thread that runs it.
///
/// It is not `Sendable`, and that is the whole concurrency design: whatever hangs on a loop is touched on that loop's
/// thread only, and other threads speak to it through a `Mailbox`.
@safe public final class Loop {
    /// The C loop. Its `data` is the read slab: the allocation callback finds it there without touching a Swift object.
    let raw: UnsafeMutablePointer<uv_loop_t>

    /// Every read of this loop lands here, and is handed on before the next one starts.
    private let slab: UnsafeMutableRawPointer
    static let slabSize = 64 << 10

    /// The scatter list of the write in hand. libuv copies it before `uv_try_write` or `uv_write` return.
    let gather: UnsafeMutablePointer<uv_buf_t>

    /// Write requests waiting to be used again.
    var idleWrites: [WriteRequest] = []

    /// Streams, listeners, timers and the like that libuv still holds; a handle counts until its close has come
    /// through.
    public internal(set) var openHandles = 0

    /// Writes that the sockets have not taken yet.
    public internal(set) var pendingWrites = 0

    /// Pieces of work handed to the thread pool that have not been answered yet.
    public internal(set) var pendingWork = 0

    /// How many streams are open; what each may leave unsent depends on it.
    var openStreams = 0

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
    }

    deinit {
        // A loop that was never closed may still be pointed to by its handles: then its memory is left alone.
        guard isClosed else { return }
        unsafe raw.deallocate()
        unsafe slab.deallocate()
        unsafe gather.deallocate()
    }

    /// Serves events until no handle is open and no work pending.
    public func run() { _ = unsafe uv_run(raw, UV_RUN_DEFAULT) }

    /// Milliseconds of a clock that never goes back and goes on while the machine sleeps, as of the start of this iteration.
    /// It begins long before the machine was started, so that earlier moments have a number as well.
    public var nowMilliseconds: UInt64 { unsafe uv_now(raw) &+ slept &+ Loop.beforeBoot }

    /// What libuv's clock misses: the time that the machine has slept. Read anew whenever `wallSeconds` has changed.
    private var slept: UInt64 = Loop.sleptMilliseconds
    private var lastSecond: Int64 = .min
    private static let beforeBoot: UInt64 = 1 << 42

    private static var sleptMilliseconds: UInt64 {
        var awake = timespec()
        var all = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &awake)
        unsafe clock_gettime(CLOCK_BOOTTIME, &all)
        let milliseconds = (all.tv_sec - awake.tv_sec) * 1000 + (all.tv_nsec - awake.tv_nsec) / 1_000_000
        return UInt64(max(0, milliseconds))
    }

    /// Reads the clock anew for the rest of this iteration: for starting a timer after something that took long.
    public func updateNow() { unsafe uv_update_time(raw) }

    /// Nanoseconds of a clock that never goes back, read now.
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
            slept = Loop.sleptMilliseconds
        }
        return now
    }

    /// Milliseconds since 1970.
    public static var wallMilliseconds: Int64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// Lets closing handles and pending work come through and frees the loop. Every handle must have been asked to
    /// close; one that was not stops a debug build, and in a release build the loop's memory is leaked rather than
    /// freed under it.
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
        isClosed = true
    }
}

// MARK: C callbacks

private func countUnclosed(_ handle: UnsafeMutablePointer<uv_handle_t>?, _ count: UnsafeMutableRawPointer?) {
    if unsafe uv_is_closing(handle) == 0 { unsafe count!.assumingMemoryBound(to: Int.self).pointee += 1 }
}
