internal import CCurl
import EventLoop
import Glibc

/// The connections that fetches share, as libcurl keeps them.
///
/// If one of them proves dead, the others are of the same age and probably dead too. libcurl (before 8.16) has no call
/// to report this. It would try them one after the other, or one of HTTP/2 forever. So all are abandoned at once:
/// transfers on them continue, and further fetches get a new multi handle, with no connections. The same happens after
/// the machine has slept.
final class FetchConnections {
    /// How long the machine may sleep before its connections are suspect, in milliseconds. A server or a NAT keeps a
    /// connection until its own time limit, but libcurl's clock, by which it closes old ones, does not advance during
    /// sleep.
    static let longestSleep: UInt64 = 20_000

    private let loop: Loop
    private let make: () -> CurlMulti
    private var current: CurlMulti
    private var sleep: SleepWatch
    private var left: [CurlMulti] = []

    /// `make` makes a multi handle without connections.
    init(on loop: Loop, _ make: @escaping () -> CurlMulti) {
        self.loop = loop
        self.make = make
        current = make()
        sleep = SleepWatch(limit: Self.longestSleep, asleep: loop.readTimeAsleep())
    }

    /// Begins a transfer, which the caller keeps until `remove`.
    func add(_ transfer: Transfer) {
        if sleep.hasSlept(asleep: loop.readTimeAsleep()) { leave() }
        current.adopt(transfer.easy)
        current.add(transfer)
    }

    /// Ends a transfer in any state.
    func remove(_ transfer: Transfer) { transfer.easy.multi?.remove(transfer) }

    /// Lets libcurl continue receiving for a transfer. It may end within this call.
    func resume(_ transfer: Transfer) { transfer.easy.multi?.resume(transfer) }

    /// The connection of a transfer has failed: no further fetch uses a connection that was made before now. False if
    /// it was abandoned already, and so says nothing about those made since.
    func suspect(_ transfer: Transfer) -> Bool {
        guard transfer.easy.multi === current else { return false }
        leave()
        return true
    }

    private func leave() {
        left.append(current)
        current = make()
    }

    /// Closes the abandoned connections that have no transfer any more. Do not call it within a callback of libcurl.
    func closeLeft() {
        for multi in left where multi.transferCount == 0 { multi.close() }
        left.removeAll { $0.transferCount == 0 }
    }

    /// Whether there is something to close.
    var hasLeft: Bool { left.contains { $0.transferCount == 0 } }

    /// Closes every connection. No transfer may be left.
    func close() {
        current.close()
        for multi in left { multi.close() }
        left = []
    }
}

extension CurlTransfer {
    /// Makes sure that the request is not sent on a kept connection on which unread bytes wait already. Whatever they
    /// are, perhaps a whole response, curl (7.88) would take them for the answer, and then each answer for that to the
    /// next request.
    ///
    /// The unread item may also be the end of the connection. The connection is shut down, so that curl cannot send and
    /// tries again, on a new one. Call this just before a request begins, with what curl reports about the connection.
    ///
    /// A new connection is not checked: it has TLS session tickets to read.
    /// - Returns: Whether the connection was shut down.
    final func shutSpoiledConnection(port: Int32, peer: UnsafePointer<CChar>) -> Bool {
        guard let socket = unsafe easy.multi?.socket(port: port, peer: peer), isSpoiled(socket) else { return false }
        shutdown(socket, Int32(SHUT_RDWR))
        // More connections may have been spoiled at once, and curl gives up after a few.
        wantsNewConnection = true
        return true
    }

    private func isSpoiled(_ socket: curl_socket_t) -> Bool {
        if let tls = unsafe shim_easy_tls(raw) {
            // On HTTP/2, frames may arrive at any time, and they name their stream.
            if unsafe shim_is_version_2(tls) != 0 { return false }
            if unsafe SSL_has_pending(tls) != 0 { return true }
        }
        var byte: UInt8 = 0
        return unsafe recv(socket, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT)) >= 0 || errno != EAGAIN
    }
}

// MARK: C callbacks

func requestBegins(
    _ context: UnsafeMutableRawPointer?, _ peer: UnsafeMutablePointer<CChar>?, _ own: UnsafeMutablePointer<CChar>?,
    _ peerPort: Int32, _ ownPort: Int32
) -> Int32 {
    let transfer = unsafe user(of: context)
    let isNew = transfer.takesNewConnection()
    // A socket that is shut down accepts nothing: nothing has been sent by then.
    if unsafe !isNew && transfer.shutSpoiledConnection(port: ownPort, peer: peer!) { return CURL_PREREQFUNC_OK }
    return transfer.mayBegin(onNewConnection: isNew) ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
}
