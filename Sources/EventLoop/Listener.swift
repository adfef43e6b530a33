internal import CUV
import Glibc

/// Accepts connections on a loop.
///
/// It polls the socket and accepts by itself, because `uv_listen` would close waiting connections when descriptors run
/// out. Here they wait in the kernel's backlog.
public final class Listener {
    /// How many are accepted in one go, so that a burst of new connections does not starve the existing ones. For a
    /// shared socket it is one: the other loops were woken as well, and one loop must not take all connections.
    private var batch: Int { socket.isShared ? 1 : 64 }

    /// How long accepting pauses after the system has refused a descriptor, in milliseconds.
    private static let rest = 100

    private let loop: Loop
    private let socket: ListeningSocket
    /// Cleared by `close()`, since it may hold the listener.
    private var accept: ((Stream) -> Void)?
    private var poll: DescriptorPoll?
    private var retry: LoopTimer?

    /// Whether connections are left waiting in the kernel.
    public private(set) var isPaused = false

    /// Called when accepting has failed, such as with `.tooManyFiles`. The listener retries by itself after a while.
    public var failed: ((UVError) -> Void)?

    /// Hands each connection to a socket to `accept`, which sets its delegate and starts reading. It owns the socket from now
    /// on: it is closed with the listener, or if this fails.
    public init(on loop: Loop, socket: ListeningSocket, accept: @escaping (Stream) -> Void) throws(UVError) {
        self.loop = loop
        self.socket = socket
        self.accept = accept
        do throws(UVError) {
            // The poll holds the listener until `close()`.
            poll = try DescriptorPoll(on: loop, descriptor: socket.descriptor) { _ in self.acceptWaiting() }
        } catch {
            socket.close()
            throw error
        }
        poll?.watch(for: .readable)
    }

    /// What it listens on; for port 0 the port that the system chose.
    public var boundAddress: SocketAddress { socket.address }

    /// Stops accepting; new connections stay in the kernel's backlog.
    public func pause() {
        isPaused = true
        poll?.stop()
    }

    /// Accepts again.
    public func resume() {
        isPaused = false
        poll?.watch(for: .readable)
    }

    /// Stops listening; connections that wait are reset, those accepted live on. Further calls do nothing.
    public func close() {
        guard let poll else { return }
        self.poll = nil
        poll.close()
        retry?.close()
        retry = nil
        accept = nil
        failed = nil
        socket.close()
    }

    private func acceptWaiting() {
        for _ in 0..<batch {
            // `accept` may pause or close.
            if isPaused || poll == nil { return }
            let descriptor = shim_accept(socket.descriptor)
            if descriptor >= 0 {
                guard let stream = try? Stream(on: loop, adopting: descriptor) else { continue }
                accept?(stream)
                continue
            }
            switch errno {
            case EAGAIN: return
            // A connection that the peer has already closed is not our failure (accept(2) asks to treat network errors
            // like this).
            case EINTR, ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP,
                ENETUNREACH:
                continue
            case let number: return rest(after: UVError(errno: number))
            }
        }
    }

    /// The connection still waits and would be reported again at once, over and over.
    private func rest(after error: UVError) {
        poll?.stop()
        let timer = retry ?? LoopTimer(on: loop) { if !self.isPaused { self.resume() } }
        retry = timer
        timer.start(after: Listener.rest)
        failed?(error)
    }
}
