import Bytes
internal import CCurl
import EventLoop

/// One fetch: an easy handle, used again for each redirect, and what it has received so far.
///
/// The request's fields live in curl's list and nowhere else, and are freed with the transfer.
@safe final class Transfer {
    let raw: UnsafeMutableRawPointer

    /// Who is told in the end.
    let handle: FetchHandle

    private let settings: UpstreamSettings
    private let begin: UInt64
    private var url: FetchURL
    private var redirects = 0
    private var list: UnsafeMutablePointer<curl_slist>?
    private let errorText: UnsafeMutablePointer<CChar>
    private var head = ResponseHead()
    private var body = ByteBuilder()

    private var isShakingHands = false

    /// The connection's last word, where the body's end hangs on it.
    private var farewell: TLSFarewell?

    /// Why we ourselves made curl stop.
    private var stopped: FetchFailure?

    static let redirectLimit = 3

    init(
        _ handle: FetchHandle, url: FetchURL, fields: [(name: String, value: String)], settings: UpstreamSettings,
        trust: TrustStore,
        watch: TLSWatch, now: UInt64
    ) {
        self.handle = handle
        self.url = url
        self.settings = settings
        begin = now
        unsafe raw = curl_easy_init()!
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        for field in fields {
            // "Name;" is curl's way to send a field without a value.
            let line = field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)"
            unsafe list = curl_slist_append(list, line)
        }
        configure(trust, watch)
        prepare(now: now)
    }

    deinit {
        unsafe curl_easy_cleanup(raw)
        unsafe curl_slist_free_all(list)
        unsafe errorText.deallocate()
    }

    /// What stays the same over redirects.
    private func configure(_ trust: TrustStore, _ watch: TLSWatch) {
        // Unretained: curl calls back only while the transfer is in the client's table.
        let me = unsafe Unmanaged.passUnretained(self).toOpaque()
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_PRIVATE, me)
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_HEADERDATA, me)
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_WRITEDATA, me)
        _ = unsafe shim_easy_set_sink(raw, CURLOPT_HEADERFUNCTION, lineReceived)
        _ = unsafe shim_easy_set_sink(raw, CURLOPT_WRITEFUNCTION, bytesReceived)
        _ = unsafe shim_easy_set_pointer(raw, CURLOPT_ERRORBUFFER, errorText)
        _ = unsafe shim_easy_set_list(raw, CURLOPT_HTTPHEADER, list)
        // The fields are for upstream, never for a proxy that tunnels to it.
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HEADEROPT, Int(CURLHEADER_SEPARATE))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        _ = unsafe shim_easy_set_text(raw, CURLOPT_USERAGENT, settings.userAgent)
        _ = unsafe shim_easy_set_text(raw, CURLOPT_PROTOCOLS_STR, "http,https")
        _ = unsafe shim_easy_set_long(raw, CURLOPT_FOLLOWLOCATION, 0)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_PATH_AS_IS, 1)
        _ = unsafe shim_easy_set_text(raw, CURLOPT_ACCEPT_ENCODING, "")
        _ = unsafe shim_easy_set_size(raw, CURLOPT_MAXFILESIZE_LARGE, curl_off_t(settings.maximumBody))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_NOSIGNAL, 1)
        // Otherwise a cancelled transfer waits for the resolver's thread, on ours.
        _ = unsafe shim_easy_set_long(raw, CURLOPT_QUICK_EXIT, 1)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_TCP_KEEPALIVE, 1)
        // Without TLS there is no HTTP/2, and waiting for a connection to share would only make requests queue.
        let version = url.origin.isSecure ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1
        _ = unsafe shim_easy_set_long(raw, CURLOPT_HTTP_VERSION, Int(version))
        _ = unsafe shim_easy_set_long(raw, CURLOPT_PIPEWAIT, url.origin.isSecure ? 1 : 0)
        unsafe watch.apply(to: raw)
        unsafe trust.apply(to: raw)
        if let proxy = settings.proxy { _ = unsafe shim_easy_set_text(raw, CURLOPT_PROXY, proxy) }
    }

    /// Makes ready for asking `url`: with the time that is left and without what was received before.
    private func prepare(now: UInt64) {
        let left = max(1, settings.timeout - Int((now - begin) / 1_000_000))
        _ = unsafe shim_easy_set_text(raw, CURLOPT_URL, url.text)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_TIMEOUT_MS, left)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_CONNECTTIMEOUT_MS, max(1, min(left, settings.connectTimeout)))
        unsafe errorText.pointee = 0
        head = ResponseHead()
        body.removeAll()
        farewell = nil
        isShakingHands = false
    }

    /// What to do once curl has ended the transfer.
    enum Step {
        case finish(Result<FetchedResponse, FetchFailure>)
        case askAgain
    }

    func ended(_ code: CURLcode, issuer: String?, now: UInt64) -> Step {
        if let stopped { return .finish(.failure(stopped)) }
        if code != CURLE_OK {
            let text = unsafe String(
                cString: errorText.pointee == 0 ? curl_easy_strerror(code) : UnsafePointer(errorText))
            return .finish(
                .failure(FetchFailure(code, text: text, issuer: issuer, phase: phase, limit: settings.maximumBody)))
        }
        // curl is content with a head that ends where the connection does.
        guard head.isComplete else { return .finish(.failure(.cut("the connection ended within the head"))) }
        if let farewell, !farewell.wasSaid {
            return .finish(.failure(.cut("the connection ended without TLS's close_notify")))
        }
        if [301, 302, 303, 307, 308].contains(head.status),
            let location = head.fields.first(where: { $0.name == "location" })
        {
            return follow(location.value, now: now)
        }
        let response = FetchedResponse(
            status: head.status, fields: head.fields, body: SharedBytes(copying: body.span),
            duration: .nanoseconds(now - begin))
        return .finish(.success(response))
    }

    /// Redirects are followed here and not by curl, because none may take the caller's key to another origin.
    private func follow(_ location: String, now: UInt64) -> Step {
        guard let next = url.redirected(to: location) else {
            return .finish(.failure(.malformed("it redirects to what is no http URL")))
        }
        guard next.origin == url.origin else { return .finish(.failure(.redirectElsewhere(next.origin.text))) }
        redirects += 1
        if redirects > Transfer.redirectLimit {
            return .finish(.failure(.tooManyRedirects(limit: Transfer.redirectLimit)))
        }
        url = next
        prepare(now: now)
        return .askAgain
    }

    /// How far the transfer has come, by the times that curl has noted down: those not reached are 0.
    private var phase: FetchPhase {
        if head.isComplete { return .body }
        if moment(CURLINFO_PRETRANSFER_TIME_T) > 0 { return .head }
        if isShakingHands { return .handshake }
        return moment(CURLINFO_NAMELOOKUP_TIME_T) > 0 ? .connecting : .resolving
    }

    private func moment(_ info: CURLINFO) -> Int {
        var microseconds = curl_off_t(0)
        _ = unsafe shim_easy_get_size(raw, info, &microseconds)
        return Int(microseconds)
    }

    /// The transfer of an easy handle.
    static func of(_ easy: UnsafeMutableRawPointer) -> Transfer {
        var me: UnsafeMutableRawPointer?
        _ = unsafe shim_easy_get_pointer(easy, CURLINFO_PRIVATE, &me)
        return unsafe Unmanaged<Transfer>.fromOpaque(me!).takeUnretainedValue()
    }

    /// TLS has begun on a new connection of this transfer's.
    func handshakeBegan() { isShakingHands = true }

    fileprivate func add(line: Span<UInt8>) -> Bool {
        if head.add(line) {
            // Asked now, while there is a connection.
            if head.endsWithConnection, farewell == nil { unsafe farewell = TLSFarewell(raw) }
            return true
        }
        stopped = .malformed("its head has more than \(ResponseHead.maximumBytes) bytes")
        return false
    }

    fileprivate func add(bytes: Span<UInt8>) -> Bool {
        if body.count + bytes.count > settings.maximumBody {
            stopped = .tooLarge(limit: settings.maximumBody)
            return false
        }
        body.append(bytes)
        return true
    }
}

// MARK: C callbacks

private func lineReceived(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let line = unsafe UnsafeRawBufferPointer(start: start, count: size * count)
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    return transfer.add(line: unsafe Span(_unsafeBytes: line)) ? line.count : -1
}

private func bytesReceived(
    _ start: UnsafeMutablePointer<CChar>?, _ size: Int, _ count: Int, _ context: UnsafeMutableRawPointer?
) -> Int {
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: size * count)
    let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context!).takeUnretainedValue()
    return transfer.add(bytes: unsafe Span(_unsafeBytes: bytes)) ? bytes.count : -1
}
