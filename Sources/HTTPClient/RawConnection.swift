import Bytes
internal import CCurl
public import EventLoop
import Glibc

/// Makes connections for other protocols than HTTP, as curl makes those to upstream: names are resolved on a thread of
/// curl's, and with TLS the server's name is checked. No proxy is used.
public final class Connector {
    /// Where to connect to.
    public enum Peer: Sendable, Equatable {
        /// A host name or address, an IPv6 one without brackets.
        case host(String, port: UInt16, isSecure: Bool)
        /// The path of a unix socket.
        case socket(String)
    }

    fileprivate let loop: Loop
    private let trust: TrustStore
    private let watch = TLSWatch()
    private var multi: CurlMulti?
    fileprivate let readBuffer = ReadBuffer()
    /// Keeps each connection until it is closed: curl calls it back.
    private var connections: [ObjectIdentifier: RawConnection] = [:]

    /// A connector, which must be closed before its loop. Fails if the CA file cannot be used.
    public init(on loop: Loop, caFile: String?) throws(UpstreamError) {
        self.loop = loop
        trust = try TrustStore(caFile: caFile)
        multi = CurlMulti(
            on: loop, ended: { [unowned self] in ended($0, $1) }, turned: {})
    }

    /// Begins to connect, for so many milliseconds at most. The delegate is called later, and is retained until
    /// `close()`. Nil after `close()`.
    public func connect(
        to peer: Peer, timeout: Int, delegate: any RawConnectionDelegate
    ) -> RawConnection? {
        guard let multi else { return nil }
        var settings = UpstreamSettings(userAgent: "")
        settings.proxy = ""
        let url: String
        var isSecure = false
        switch peer {
        case .host(let host, let port, let secure):
            isSecure = secure
            url = "\(secure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
        case .socket(let path):
            settings.unixSocket = path
            url = "http://localhost"
        }
        let easy = EasyHandle(settings, trust, watch)
        multi.adopt(easy)
        // The server speaks no HTTP.
        _ = unsafe shim_easy_set_long(easy.raw, CURLOPT_SSL_ENABLE_ALPN, 0)
        let wire = Wire(to: url, easy: easy, layer: isSecure ? .tls : .none, timeout: timeout)
        let connection = RawConnection(wire, connector: self, delegate: delegate)
        connections[ObjectIdentifier(connection)] = connection
        multi.add(wire)
        return connection
    }

    private func ended(_ transfer: CurlTransfer, _ code: CURLcode) {
        (transfer as? Wire)?.owner?.connected(code, issuer: watch.takeIssuer())
    }

    fileprivate func forget(_ connection: RawConnection) { connections[ObjectIdentifier(connection)] = nil }

    /// Closes every connection, without a call to their delegates. Further calls do nothing.
    public func close() {
        for connection in connections.values { connection.close() }
        multi?.close()
        multi = nil
    }
}

private final class Wire: CurlConnection {
    unowned var owner: RawConnection?
}

/// Receives the events of a `RawConnection`, on its loop and never within a call to it.
public protocol RawConnectionDelegate: AnyObject {
    /// The connection is made.
    func connected(_ connection: RawConnection)
    /// Bytes have arrived.
    func received(_ bytes: Span<UInt8>, on connection: RawConnection)
    /// It could not be made, or has ended. It is closed.
    func ended(_ failure: FetchFailure, on connection: RawConnection)
}

/// A connection that `Connector` has made. Bytes to send are queued without a limit: the owner limits the time until they
/// are answered.
@safe public final class RawConnection {
    /// How many times it reads before others get a turn.
    private static let mostReads = 16

    private let wire: Wire
    private unowned let connector: Connector
    private var delegate: (any RawConnectionDelegate)?
    private var outgoing = ByteBuilder(capacity: 1_024)
    private var sent = 0
    /// Sends what was queued in one turn of the loop with one call, and reads on after others had their turn.
    private var later: LoopTimer?
    private var isReading = false

    fileprivate init(_ wire: Wire, connector: Connector, delegate: any RawConnectionDelegate) {
        self.wire = wire
        self.connector = connector
        self.delegate = delegate
        wire.owner = self
        later = LoopTimer(on: connector.loop) { [unowned self] in goOn() }
    }

    /// Its own method: what runs in it may drop this object, which a call keeps alive to its end but a closure does not.
    private func goOn() {
        flush()
        if isReading { read() }
    }

    fileprivate func connected(_ code: CURLcode, issuer: String?) {
        if let failure = wire.failure(code, issuer: issuer) { return end(failure) }
        wire.takeSocket { [unowned self] in ready($0) }
        guard wire.isOpen else { return end(.unreachable("the connection was lost while connecting")) }
        watch()
        delegate?.connected(self)
        // Bytes may have come with the handshake.
        read()
    }

    /// Queues bytes; they are sent when the connection is made and has room. After `close()` this does nothing.
    public func send(_ bytes: Span<UInt8>) {
        guard delegate != nil else { return }
        outgoing.append(bytes)
        if wire.isOpen { later?.start(after: 0) }
    }

    private func watch() {
        var readiness: Readiness = .readable
        if outgoing.count > sent { readiness.insert(.writable) }
        wire.watch(readiness)
    }

    private func ready(_ readiness: Readiness) {
        // What came before a failure is read, and reading finds the failure.
        if readiness.contains(.writable) { flush() }
        if readiness.contains(.readable) || readiness.contains(.error) { read() }
        if readiness.contains(.error), wire.isOpen { end(.cut("the connection has failed")) }
    }

    private func flush() {
        guard delegate != nil, wire.isOpen else { return }
        sending: while sent < outgoing.count {
            switch wire.send(outgoing.span.extracting(sent...)) {
            case .some(let count): sent += count
            case .later: break sending
            case .failed(let failure, _): return end(failure)
            }
        }
        if sent == outgoing.count {
            // A body may have made it large.
            if outgoing.capacity > 64 << 10 { outgoing = ByteBuilder(capacity: 1_024) } else { outgoing.removeAll() }
            sent = 0
        }
        watch()
    }

    private func read() {
        isReading = false
        for _ in 0..<Self.mostReads {
            guard let delegate, wire.isOpen else { return }
            let buffer = connector.readBuffer
            switch wire.receive(into: buffer) {
            case .some(let count, let more):
                let bytes = unsafe UnsafeRawBufferPointer(rebasing: buffer.raw[..<count])
                delegate.received(unsafe Span(_unsafeBytes: bytes), on: self)
                if !more { return }
            case .nothing: return
            case .end: return end(.cut("the connection was closed"))
            case .failed(let failure): return end(failure)
            }
        }
        isReading = true
        // A timer that is due already would run before the other sockets, without an end (libuv before 1.48).
        connector.loop.updateNow()
        later?.start(after: 1)
    }

    private func end(_ failure: FetchFailure) {
        guard let delegate else { return }
        close()
        delegate.ended(failure, on: self)
    }

    /// Closes it at once, without a call to the delegate. A second call does nothing.
    public func close() {
        guard delegate != nil else { return }
        delegate = nil
        later?.close()
        later = nil
        wire.disconnect()
        connector.forget(self)
    }
}
