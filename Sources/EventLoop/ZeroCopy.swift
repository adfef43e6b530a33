import Bytes
internal import CUV
import Glibc
import Synchronization
internal import Threads

/// Whether a loop sends long bodies without copying them into the socket.
///
/// A body that is sent often gets a copy in pages of its own (`PageCopy`). Those are put into a pipe (vmsplice(2)) and
/// moved from there to the socket (splice(2)), which takes references to the pages instead of bytes. On some processors
/// that is a third cheaper than copying a list of all models, on others it may be dearer.
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

    /// What it costs to send a body, and to receive it, in nanoseconds of CPU.
    public struct Costs: Sendable {
        /// If it is copied into the socket.
        public let copied: UInt64
        /// If its pages are moved to the socket.
        public let moved: UInt64

        /// Whether moving pages is clearly cheaper. It takes more memory, so it has to be.
        public var isWorthwhile: Bool { moved + moved / 20 < copied }
    }

    /// The costs on this machine; nil if this system does not allow it. They are measured once, which takes some 10
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
            if moved >= 0 || code == EAGAIN || code == EINTR { return .partly }
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

/// Sends a body to several clients of its own, in both ways by turns.
///
/// All clients get the body before the first of them reads it, as with a loop that serves several. With one client, each
/// byte would still be in the processor's nearest cache when it is read, and copying would look cheaper than it is.
@safe private struct CostMeasurement {
    let way: ZeroCopy.Way

    /// As long as a list of all models, or as such a list compressed.
    private var length: Int {
        switch way.pages {
        case .huge: 640 << 10
        case .small: 96 << 10
        }
    }

    private static let clients = 8
    /// The least cost of these rounds counts, since other work on the machine only adds to it.
    private static let rounds = 6

    func run() -> ZeroCopy.Costs? {
        let bytes = SharedBytes([UInt8](repeating: UInt8(ascii: "x"), count: length))
        // Whether there is room for pages now says nothing about their cost.
        guard let pages = PageCopy(bytes.span, isLimited: false), let pipe = PagePipe() else { return nil }
        var pairs: [Pair] = []
        defer { for pair in pairs { pair.close() } }
        switch way.socket {
        case .tcp:
            guard let listening = try? ListeningSocket(.ipv4(0x7F00_0001, port: 0)) else { return nil }
            defer { listening.close() }
            for _ in 0..<Self.clients { if let pair = Pair(through: listening) { pairs.append(pair) } }
        case .unix:
            for _ in 0..<Self.clients { if let pair = Pair() { pairs.append(pair) } }
        }
        guard pairs.count == Self.clients else { return nil }
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        var least: (copied: UInt64, moved: UInt64) = (.max, .max)
        // The first round of each only warms up.
        for round in 0...Self.rounds {
            let copied = cost(pairs) { socket, from in
                unsafe send(socket, bytes.address + from, length - from, flags)
            }
            let moved = cost(pairs) { socket, from in
                var offset = from
                switch pipe.send(pages, from: &offset, to: length, most: .max, socket: socket) {
                case .sent, .partly: return offset - from
                case .failed, .unavailable: return -1
                }
            }
            guard let copied, let moved else { return nil }
            if round > 0 { least = (min(least.copied, copied), min(least.moved, moved)) }
        }
        return ZeroCopy.Costs(copied: least.copied, moved: least.moved)
    }

    /// The CPU time of sending the body to one client and receiving it; nil if that does not work. `sendFrom` sends to a
    /// socket, from an offset on, what it takes, and returns the number of bytes.
    private func cost(_ pairs: [Pair], _ sendFrom: (Int32, Int) -> Int) -> UInt64? {
        var counts = pairs.map { _ in (sent: 0, received: 0) }
        let began = threadTime()
        var complete = 0
        while complete < pairs.count {
            var isIdle = true
            for (index, pair) in pairs.enumerated() where counts[index].sent < length {
                let count = sendFrom(pair.near, counts[index].sent)
                if count > 0 {
                    counts[index].sent += count
                    isIdle = false
                } else if count < 0, errno != EAGAIN {
                    return nil
                }
            }
            for (index, pair) in pairs.enumerated() where counts[index].received < length {
                let count = receive(pair.far)
                guard count >= 0 else { return nil }
                counts[index].received += count
                if count > 0 { isIdle = false }
                if counts[index].received == length { complete += 1 }
            }
            if isIdle, !waitForArrival(pairs) { return nil }
        }
        return (threadTime() - began) / UInt64(pairs.count)
    }

    /// Waits until something has arrived that was sent, which on a busy machine may be later than the call that sent it.
    /// False if that takes too long.
    private func waitForArrival(_ pairs: [Pair]) -> Bool {
        var waited = pairs.map { pollfd(fd: $0.far, events: Int16(POLLIN), revents: 0) }
        return unsafe poll(&waited, nfds_t(waited.count), 1_000) > 0
    }

    /// Reads what has arrived; -1 if that fails.
    private func receive(_ socket: Int32) -> Int {
        unsafe withUnsafeTemporaryAllocation(byteCount: 64 << 10, alignment: 64) { buffer in
            var all = 0
            while true {
                let count = unsafe recv(socket, buffer.baseAddress!, buffer.count, Int32(MSG_DONTWAIT))
                if count < 0 { return errno == EAGAIN ? all : -1 }
                if count == 0 { return -1 }
                all += count
            }
        }
    }

    private func threadTime() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The two ends of a connection within this machine.
    private struct Pair {
        let near: Int32
        let far: Int32

        /// Two unix sockets.
        init?() {
            var ends: [Int32] = [-1, -1]
            let kind = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
            guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else { return nil }
            (near, far) = (ends[0], ends[1])
        }

        /// A TCP connection on the loopback interface.
        init?(through listening: ListeningSocket) {
            guard case .ipv4(let host, let port) = listening.address else { return nil }
            let near = shim_socket(AF_INET)
            guard near >= 0 else { return nil }
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = host.bigEndian
            let code = unsafe withUnsafeBytes(of: &address) {
                unsafe connect(
                    near, $0.baseAddress!.assumingMemoryBound(to: sockaddr.self),
                    socklen_t(MemoryLayout<sockaddr_in>.size))
            }
            var ready = pollfd(fd: listening.descriptor, events: Int16(POLLIN), revents: 0)
            guard code == 0 || errno == EINPROGRESS, unsafe poll(&ready, 1, 1_000) == 1 else {
                Glibc.close(near)
                return nil
            }
            far = shim_accept(listening.descriptor)
            guard far >= 0 else {
                Glibc.close(near)
                return nil
            }
            self.near = near
            UnsentLimit.set(UnsentLimit.inherited, on: near)
        }

        func close() {
            Glibc.close(near)
            Glibc.close(far)
        }
    }
}
