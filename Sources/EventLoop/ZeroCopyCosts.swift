import Bytes
internal import CUV
import Glibc

/// Sends a body to several clients of its own, in both ways by turns.
///
/// All clients get the body before the first of them reads it, as with a loop that serves several. With one client, each
/// byte would still be in the processor's nearest cache when it is read, and copying would look cheaper than it is.
@safe struct CostMeasurement {
    let way: ZeroCopy.Way

    /// As long as a list of all models, or as such a list compressed.
    private var length: Int {
        switch way.pages {
        case .huge: 640 << 10
        case .small: 96 << 10
        }
    }

    private static let clients = 8
    /// An even number, and enough for a mean.
    private static let rounds = 8

    func run() -> ZeroCopy.Costs? {
        // Not memory of `malloc`, which would keep more of it for the process from then on.
        guard let bytes = PageCopy(repeating: UInt8(ascii: "x"), count: length, in: .small),
            let pages = PageCopy(repeating: UInt8(ascii: "x"), count: length, in: way.pages), let pipe = PagePipe()
        else { return nil }
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
        var copied = ZeroCopy.Cost()
        var moved = ZeroCopy.Cost()
        // Round 0 only warms up.
        for round in 0...Self.rounds {
            // After the other way, either may cost half of what it costs after itself. So each comes as often after the
            // one as after the other, and the mean counts.
            guard let first = cost(pairs, ofMoving: round % 2 == 1, bytes, pages, pipe),
                let second = cost(pairs, ofMoving: round % 2 == 0, bytes, pages, pipe)
            else { return nil }
            if round == 0 { continue }
            copied.add(round % 2 == 1 ? second : first)
            moved.add(round % 2 == 1 ? first : second)
        }
        let bodies = UInt64(Self.rounds * Self.clients)
        return ZeroCopy.Costs(copied: copied.divided(by: bodies), moved: moved.divided(by: bodies))
    }

    /// The CPU time of sending the body to each of the clients and receiving it there; nil if that does not work.
    private func cost(
        _ pairs: [Pair], ofMoving isMoving: Bool, _ bytes: PageCopy, _ pages: PageCopy, _ pipe: PagePipe
    ) -> ZeroCopy.Cost? {
        var counts = pairs.map { _ in (sent: 0, received: 0) }
        var cost = ZeroCopy.Cost()
        var complete = 0
        while complete < pairs.count {
            var isIdle = true
            let began = threadTime()
            for (index, pair) in pairs.enumerated() where counts[index].sent < length {
                let from = counts[index].sent
                guard let count = isMoving ? move(pages, from, pipe, to: pair.near) : copy(bytes, from, to: pair.near)
                else { return nil }
                counts[index].sent += count
                if count > 0 { isIdle = false }
            }
            let sent = threadTime()
            for (index, pair) in pairs.enumerated() where counts[index].received < length {
                let count = receive(pair.far)
                guard count >= 0 else { return nil }
                counts[index].received += count
                if count > 0 { isIdle = false }
                if counts[index].received == length { complete += 1 }
            }
            cost.add(ZeroCopy.Cost(sending: sent - began, receiving: threadTime() - sent))
            if isIdle, !waitForArrival(pairs) { return nil }
        }
        return cost
    }

    /// Copies what a socket takes of the bytes from an offset on. The number of bytes, or nil if that fails.
    private func copy(_ bytes: PageCopy, _ offset: Int, to socket: Int32) -> Int? {
        let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
        let count = unsafe send(socket, bytes.address + offset, length - offset, flags)
        return count >= 0 ? count : errno == EAGAIN ? 0 : nil
    }

    /// The same from pages.
    private func move(_ pages: PageCopy, _ offset: Int, _ pipe: PagePipe, to socket: Int32) -> Int? {
        var end = offset
        return switch pipe.send(pages, from: &end, to: length, most: .max, socket: socket) {
        case .sent, .partly: end - offset
        case .failed, .unavailable: nil
        }
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

extension ZeroCopy.Cost {
    fileprivate mutating func add(_ other: ZeroCopy.Cost) {
        sending += other.sending
        receiving += other.receiving
    }

    fileprivate func divided(by count: UInt64) -> ZeroCopy.Cost {
        ZeroCopy.Cost(sending: sending / count, receiving: receiving / count)
    }
}
