import Bytes
internal import CCurl
import EventLoop
import HTTPParsing

/// A connection to upstream that exchanges use one after the other, with our own HTTP/1.1.
@safe final class UpstreamConnection: CurlConnection, PooledConnection {
    let origin: Origin

    /// Reads the responses.
    var parser = ResponseParser()

    /// Bytes of the current response's body that are not delivered yet.
    var incoming = ByteBuilder(capacity: usualBody)
    private static let usualBody = 1000
    /// The largest buffer that it keeps while it is idle, in bytes.
    private static let mostKept = 4 << 10

    /// The exchange whose request it carries; nil while it is idle.
    var exchange: Exchange?

    /// Whether it has carried an exchange before this one.
    var isUsed = false

    private unowned let client: UpstreamClient

    init(to origin: Origin, easy: EasyHandle, client: UpstreamClient) {
        self.origin = origin
        self.client = client
        super.init(
            to: origin.text, easy: easy,
            layer: client.settings.proxy != "" ? .proxy : origin.isSecure ? .tls : .none,
            timeout: client.settings.connectTimeout)
    }

    /// curl has made the connection, or failed to.
    func connected(_ code: CURLcode, issuer: String?) {
        if let failure = failure(code, issuer: issuer) {
            exchange?.connected(failure)
            return
        }
        takeSocket { [unowned self] in ready($0) }
        exchange?.connected(isOpen ? nil : .unreachable("the connection was lost while connecting"))
    }

    /// Whether a request may be sent. Bytes that wait here already, perhaps a whole response, would be mistaken for its
    /// answer.
    func isQuiet() -> Bool { isQuiet(readingInto: client.readBuffer) }

    /// The response is complete, and all of it was delivered.
    func finished() {
        exchange = nil
        isUsed = true
        if incoming.capacity > Self.mostKept { incoming = ByteBuilder(capacity: Self.usualBody) }
        rest()
    }

    /// Watches for the connection's end while it is idle, without keeping the loop running.
    func rest() { watch(.readable, keepsLoopRunning: false) }

    private func ready(_ readiness: Readiness) {
        if let exchange { exchange.ready(readiness) } else { client.stirred(self) }
    }

    /// Closes it at once. A second call does nothing.
    func close() {
        exchange = nil
        disconnect()
    }
}
