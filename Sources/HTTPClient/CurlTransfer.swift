import Bytes
internal import CCurl
import EventLoop

/// The use of one of curl's easy handles. Its subclasses decide what happens to the received data.
@safe class CurlTransfer {
    let easy: EasyHandle
    let raw: UnsafeMutableRawPointer

    private var isShakingHands = false

    /// Whether curl must not use any kept connection.
    final var wantsNewConnection = false {
        didSet { _ = unsafe shim_easy_set_long(raw, CURLOPT_FRESH_CONNECT, wantsNewConnection ? 1 : 0) }
    }

    /// Why we ourselves made curl stop.
    private(set) var stopped: FetchFailure?

    init(_ easy: EasyHandle) {
        self.easy = easy
        unsafe raw = easy.raw
        unsafe easy.errorText.pointee = 0
        unsafe easy.user = self
    }

    // MARK: For the subclasses to override

    /// What happened to the data that curl has received.
    enum Taken {
        case all
        /// Not taken: curl keeps it, and receives no more until `CurlMulti.resume`.
        case later
        /// Not taken, and the transfer must end: see `stop`.
        case never
    }

    /// Whether the final response's head is complete.
    var hasHead: Bool { false }

    /// Takes a line of a head, or of the trailers. It cannot ask curl to deliver the line later.
    func add(line: Span<UInt8>) -> Taken { .all }

    /// Takes bytes of the body.
    func add(bytes: Span<UInt8>) -> Taken { .all }

    /// Whether the request may be sent now, on the connection that curl has chosen.
    func mayBegin(onNewConnection: Bool) -> Bool { true }

    // MARK: For the subclasses to use

    /// Ends the transfer for a reason of our own; call it within a callback.
    final func stop(_ failure: FetchFailure) -> Taken {
        stopped = stopped ?? failure
        return .never
    }

    /// Prepares for another request.
    final func forgetConnection() {
        unsafe easy.errorText.pointee = 0
        isShakingHands = false
        connectsSeen = 0
    }

    /// How many connections curl had made for this transfer when its last request began.
    private var connectsSeen = 0

    /// Whether curl has made a connection for the request that begins now, rather than taken a kept one.
    final func takesNewConnection() -> Bool {
        var count = 0
        _ = unsafe shim_easy_get_long(raw, CURLINFO_NUM_CONNECTS, &count)
        defer { connectsSeen = count }
        return count > connectsSeen
    }

    /// TLS has begun on a new connection of this transfer.
    final func handshakeBegan() { isShakingHands = true }

    /// The failure, by curl's code or by our reason to stop it; nil if there is none.
    final func failure(_ code: CURLcode, issuer: String?, limit: Int = .max) -> FetchFailure? {
        if let stopped { return stopped }
        if code == CURLE_OK { return nil }
        return FetchFailure(code, text: text(code), issuer: issuer, phase: phase, limit: limit)
    }

    /// curl's own message for a code: about this transfer if there is one, else the general one.
    final func text(_ code: CURLcode) -> String {
        unsafe String(cString: easy.errorText.pointee == 0 ? curl_easy_strerror(code) : UnsafePointer(easy.errorText))
    }

    /// The progress of the transfer, from the times that curl has recorded: times not reached are 0.
    final var phase: FetchPhase {
        if hasHead { return .body }
        if number(CURLINFO_PRETRANSFER_TIME_T) > 0 { return .head }
        if isShakingHands { return .handshake }
        return number(CURLINFO_NAMELOOKUP_TIME_T) > 0 ? .connecting : .resolving
    }

    /// One of curl's counts or times.
    final func number(_ info: CURLINFO) -> Int {
        var value = curl_off_t(0)
        _ = unsafe shim_easy_get_size(raw, info, &value)
        return Int(value)
    }

    /// The transfer of an easy handle.
    static func of(_ easy: UnsafeMutableRawPointer) -> CurlTransfer {
        var handle: UnsafeMutableRawPointer?
        _ = unsafe shim_easy_get_pointer(easy, CURLINFO_PRIVATE, &handle)
        return unsafe user(of: handle)
    }
}

/// The transfer that a callback belongs to. Its context is the `EasyHandle`.
func user(of context: UnsafeMutableRawPointer?) -> CurlTransfer {
    unsafe Unmanaged<EasyHandle>.fromOpaque(context!)._withUnsafeGuaranteedRef { unsafe $0.user! }
}

// MARK: C callbacks

func lineReceived(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let line = unsafe UnsafeRawBufferPointer(start: start, count: size * count)
    return answer(unsafe user(of: context).add(line: Span(_unsafeBytes: line)), line.count)
}

func bytesReceived(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: size * count)
    return answer(unsafe user(of: context).add(bytes: Span(_unsafeBytes: bytes)), bytes.count)
}

private func answer(_ taken: CurlTransfer.Taken, _ count: Int) -> Int {
    switch taken {
    case .all: count
    case .later: Int(CURL_WRITEFUNC_PAUSE)
    case .never: -1
    }
}

/// One of curl's easy handles, with the options that all transfers of a client share.
@safe final class EasyHandle {
    let raw: UnsafeMutableRawPointer

    /// Where curl writes its error message.
    let errorText: UnsafeMutablePointer<CChar>

    /// The transfer that uses it and receives curl's callbacks. Not retained: curl calls back only while the transfer
    /// is in the client's table.
    unowned(unsafe) var user: CurlTransfer?

    /// The watcher of its connections' sockets; it outlives this.
    unowned var multi: CurlMulti?

    private var lines: LineList

    /// The handle uses its TLS sessions.
    private let trust: TrustStore

    init(_ settings: UpstreamSettings, _ trust: TrustStore, _ watch: TLSWatch) {
        unsafe raw = curl_easy_init()!
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.pointee = 0
        lines = LineList(mayHaveProxy: settings.proxy != "")
        self.trust = trust
        // Unretained: after `deinit` curl makes no further callback with it.
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_PRIVATE, me)
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_HEADERDATA, me)
        _ = unsafe shim_easy_set_sink(raw, CURLOPT_HEADERFUNCTION, lineReceived)
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_WRITEDATA, me)
        _ = unsafe shim_easy_set_sink(raw, CURLOPT_WRITEFUNCTION, bytesReceived)
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_ERRORBUFFER, errorText)
        _ = unsafe shim_easy_set_before_request(raw, requestBegins, me)
        // The fields are for upstream, never for a proxy that tunnels to it.
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        _ = unsafe shim_easy_set_text(raw, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = unsafe shim_easy_set_long(raw, CURLOPT_FOLLOWLOCATION, 0)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_PATH_AS_IS, 1)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_NOSIGNAL, 1)
        // Otherwise a cancelled transfer makes our thread wait for the resolver's thread.
        _ = unsafe shim_easy_set_long(raw, CURLOPT_QUICK_EXIT, 1)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_TCP_KEEPALIVE, 1)
        unsafe watch.apply(to: raw)
        unsafe trust.apply(to: raw)
        if let seconds = settings.curlMaximumIdle {
            _ = unsafe shim_easy_set_long(raw, CURLOPT_MAXAGE_CONN, seconds)
        }
        if let path = settings.unixSocket { _ = unsafe shim_easy_set_text(raw, CURLOPT_UNIX_SOCKET_PATH, path) }
        if let proxy = settings.proxy { _ = unsafe shim_easy_set_text(raw, CURLOPT_PROXY, proxy) }
        // Otherwise curl still reads NO_PROXY.
        if let proxy = settings.proxy { _ = unsafe shim_easy_set_text(raw, CURLOPT_NOPROXY, proxy == "" ? "*" : "") }
        if settings.proxy == "" {
            // Otherwise curl copies the paths of a proxy's authorities for each request.
            _ = unsafe shim_easy_set_text(raw, CURLOPT_PROXY_CAINFO, nil)
            _ = unsafe shim_easy_set_text(raw, CURLOPT_PROXY_CAPATH, nil)
        }
    }

    deinit {
        unsafe curl_easy_cleanup(raw)
        unsafe errorText.deallocate()
    }

    /// Gives curl a request's lines, which the caller keeps for as long as it uses the handle.
    func send(_ lines: borrowing RequestLines) {
        self.lines.set(lines)
        _ = unsafe shim_easy_set_list(raw, CURLOPT_HTTPHEADER, self.lines.start)
    }
}
