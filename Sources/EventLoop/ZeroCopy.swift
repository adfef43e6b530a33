import Bytes
internal import CUV
import Glibc
import Synchronization
internal import Threads

/// Whether a loop sends long bodies without copying them into the socket.
///
/// A body that is sent often gets a copy in pages of its own (`PageCopy`). Those are put into a pipe (vmsplice(2)) and
/// moved from there to the socket (splice(2)), which takes references to the pages instead of bytes. For a list of all
/// models, that is about 40 percent cheaper for the sender, on the processors that were measured.
public enum ZeroCopy: String, Sendable, CaseIterable {
    /// If it is cheaper on this machine, which is measured once, when it is needed first.
    case auto
    /// Whenever it is possible.
    case on
    /// Never.
    case off

    /// The shortest body that is worth the further system calls, in bytes.
    public static let leastBody = 64 << 10

    /// What a body is sent through.
    public enum SocketKind: Int, Sendable, CaseIterable { case tcp, unix }

    /// What a body is sent through, and in which pages it is. The costs of all these differ, and which is cheaper.
    public struct Way: Hashable, Sendable, CaseIterable {
        let socket: SocketKind
        let pages: PageCopy.PageSize

        /// How a body of this many bytes is sent.
        public init(to socket: SocketKind, bodyOf count: Int) { self.init(socket, PageCopy.PageSize(forBody: count)) }

        private init(_ socket: SocketKind, _ pages: PageCopy.PageSize) {
            self.socket = socket
            self.pages = pages
        }

        /// Every way.
        public static var allCases: [Way] {
            SocketKind.allCases.flatMap { socket in PageCopy.PageSize.allCases.map { Way(socket, $0) } }
        }

        /// A bit of its own.
        fileprivate var bit: Int { 1 << (2 * socket.rawValue + pages.rawValue) }
    }

    /// The costs of both ways of sending a body.
    public struct Costs: Sendable {
        /// If it is copied into the socket.
        public let copied: Cost
        /// If its pages are moved to the socket.
        public let moved: Cost

        /// Whether pages are to be moved: sending is clearly cheaper then, and sending and receiving together is not
        /// clearly dearer.
        ///
        /// It takes more memory, so it has to be cheaper. What the sender saves counts for more than what the receiver
        /// pays, since one loop sends to many. And the measurement favours copies: it receives on the same core, whose
        /// caches hold what was just copied, while clients run on other cores. There the two together cost the same or
        /// less if pages were moved, on the processors that were measured.
        public var isWorthwhile: Bool {
            moved.sending + moved.sending / 20 < copied.sending && moved.total <= copied.total + copied.total / 3
        }
    }

    /// What it costs to send a body, and to receive it, in nanoseconds of CPU.
    public struct Cost: Sendable, Equatable {
        /// By the sender.
        public var sending: UInt64 = 0
        /// By the receiver.
        public var receiving: UInt64 = 0

        /// By both.
        public var total: UInt64 { sending + receiving }
    }

    /// The costs on this machine; nil if this system does not allow it. They are measured once, which takes up to 20
    /// milliseconds of the calling thread: not for a loop's. If it fails, perhaps because no descriptor is free, it is
    /// tried again a few times.
    public static func costs(of way: Way) -> Costs? {
        measurements.withLock { measurements in
            if let costs = measurements[way]?.costs { return costs }
            let failures = measurements[way]?.failures ?? 0
            if failures == mostFailures { return nil }
            let costs = CostMeasurement(way: way).run()
            measurements[way] = (costs, failures + 1)
            if costs.map({ !$0.isWorthwhile }) ?? (failures + 1 == mostFailures) {
                notWorthwhile.bitwiseOr(way.bit, ordering: .relaxed)
            }
            return costs
        }
    }

    private static let mostFailures = 3
    private static let measurements = Threads.Mutex<[Way: (costs: Costs?, failures: Int)]>([:])

    /// The bits of the ways for which the measurement was against it. For a loop's thread.
    private static let notWorthwhile = Atomic<Int>(0)

    /// Whether pages are to be made for a body that is sent often. Not for a loop's thread.
    func isWorthwhile(_ way: Way) -> Bool {
        switch self {
        case .auto: Self.costs(of: way)?.isWorthwhile ?? false
        case .on: true
        case .off: false
        }
    }

    /// Whether bodies are to be copied, as far as it is known without measuring.
    func isAgainst(_ way: Way) -> Bool {
        switch self {
        case .auto: Self.notWorthwhile.load(ordering: .relaxed) & way.bit != 0
        case .on: false
        case .off: true
        }
    }
}

extension Loop {
    /// The pages to send a body from; nil if it is to be copied. When it has been sent often, pages are made in the
    /// thread pool.
    func pages(of body: SharedBytes, to kind: ZeroCopy.SocketKind) -> PageCopy? {
        let way = ZeroCopy.Way(to: kind, bodyOf: body.count)
        guard !zeroCopy.isAgainst(way) else { return nil }
        if let pages = body.pageCopy { return pages }
        if body.noteSending() {
            let setting = zeroCopy
            offload({ if setting.isWorthwhile(way) { body.makePageCopy() } }, then: {})
        }
        return nil
    }

    /// The pipe of this loop. If the system provides none, bodies are copied from now on, until the settings are read
    /// again.
    var pagePipe: PagePipe? {
        if let pipe = openPagePipe { return pipe }
        openPagePipe = PagePipe()
        if openPagePipe == nil { zeroCopy = .off }
        return openPagePipe
    }
}

/// A pipe through which pages go to a socket. It is empty between two calls.
@safe final class PagePipe {
    /// What became of bytes to send.
    enum Outcome: Equatable {
        case sent
        /// The socket took a part at most.
        case partly
        /// The socket has failed.
        case failed(UVError)
        /// The system does not allow it, or has no memory for it: they have to be copied.
        case unavailable
    }

    private let ends: (read: Int32, write: Int32)
    /// Takes what the socket did not.
    private let null: Int32
    /// How many bytes of pages fit into it.
    private let size: Int

    /// For tests: one that does not work.
    init(brokenWith size: Int) {
        ends = (-1, -1)
        null = -1
        self.size = size
    }

    /// Opens a pipe; nil if it is not possible.
    init?() {
        var ends: [Int32] = [-1, -1]
        size = unsafe Int(shim_pipe(&ends, 1 << 20))
        self.ends = (ends[0], ends[1])
        null = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
        if size < 64 << 10 || null < 0 { return nil }
    }

    deinit { for descriptor in [ends.read, ends.write, null] where descriptor >= 0 { close(descriptor) } }

    /// Sends the bytes from `offset` up to `end` to a socket, and moves `offset` on. `most` bytes at a time are put into
    /// the pipe.
    func send(_ pages: PageCopy, from offset: inout Int, to end: Int, most: Int, socket: Int32) -> Outcome {
        while offset < end {
            let filled = unsafe shim_fill_pipe(ends.write, pages.address + offset, min(end - offset, size, most))
            guard filled > 0 else { return .unavailable }
            let moved = shim_move(ends.read, socket, filled, offset + filled < end ? 1 : 0)
            let code = errno
            if moved > 0 { offset += moved }
            if moved == filled { continue }
            guard empty(filled - max(0, moved)) else { return .unavailable }
            if moved >= 0 { return .partly }
            let isRefused = [EINVAL, ENOSYS, EPERM, EOPNOTSUPP].contains(code)
            return isRefused ? .unavailable : .failed(UVError(errno: code))
        }
        return .sent
    }

    /// Removes what is left in the pipe. False if that fails, which it should not: then the pipe must not be used again.
    private func empty(_ count: Int) -> Bool {
        var left = count
        while left > 0 {
            let moved = shim_move(ends.read, null, left, 0)
            guard moved > 0 else { return false }
            left -= moved
        }
        return true
    }
}

/// A body of which the socket has taken a part from its pages. It goes on when the socket has room.
///
/// libuv reports that it has written what it was given, so it gets a short piece to copy each time.
struct MovedBody {
    let pages: PageCopy
    let body: ByteSlice
    /// How much of `body` is sent or given to libuv.
    private(set) var done = 0
    private var hasWaited = false

    /// How many bytes are copied, each time that the socket has taken all it could.
    private static let piece = 16 << 10
    /// How many bytes of pages are put into the pipe for a socket that does not take everything at once. What it does not
    /// take is put there again.
    private static let mostAfterWait = 256 << 10

    init(_ pages: PageCopy, _ body: ByteSlice) {
        self.pages = pages
        self.body = body
    }

    var left: Int { body.count - done }

    /// Sends what the socket takes.
    mutating func send(through pipe: PagePipe, to socket: Int32) -> PagePipe.Outcome {
        var offset = body.offset + done
        let outcome = pipe.send(
            pages, from: &offset, to: body.offset + body.count, most: hasWaited ? Self.mostAfterWait : .max,
            socket: socket)
        done = offset - body.offset
        hasWaited = true
        return outcome
    }

    /// The next piece to copy; it counts as sent.
    mutating func nextPiece() -> ByteSlice { take(min(left, Self.piece)) }

    /// All that is left, to be copied.
    mutating func rest() -> ByteSlice { take(left) }

    private mutating func take(_ count: Int) -> ByteSlice {
        let start = body.offset + done
        done += count
        return ByteSlice(body.owner, start..<start + count)
    }
}
