internal import CCurl
import Glibc

extension CurlTransfer {
    /// Sees to it that the request does not go out on a kept connection on which something waits already: whatever that is,
    /// perhaps a whole response, curl (7.88) would take it for the answer, and each answer for that to the next request.
    ///
    /// What waits may also be the end. The connection is shut, so that curl cannot send and asks anew, on a new one. For just
    /// before a request begins, with what curl tells of the connection.
    final func shutSpoiledConnection(port: Int32, peer: UnsafePointer<CChar>) {
        if isOnNewConnection {
            if wantsNewConnection { wantsNewConnection = false }
            return
        }
        guard let socket = unsafe easy.multi?.socket(port: port, peer: peer), isSpoiled(socket) else { return }
        shutdown(socket, Int32(SHUT_RDWR))
        // More may have been spoiled at once, and curl gives up after a few.
        wantsNewConnection = true
    }

    /// A new connection is not looked at: TLS's tickets wait there.
    private var isOnNewConnection: Bool {
        var count = 0
        _ = unsafe shim_easy_get_long(raw, CURLINFO_NUM_CONNECTS, &count)
        return count > 0
    }

    private func isSpoiled(_ socket: curl_socket_t) -> Bool {
        if let tls = unsafe shim_easy_tls(raw) {
            // On HTTP/2 frames may come at any time, and say whom they are for.
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
    // What is shut takes nothing: nothing has been sent by then.
    unsafe transfer.shutSpoiledConnection(port: ownPort, peer: peer!)
    return CURL_PREREQFUNC_OK
}
