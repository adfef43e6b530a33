internal import CCurl

/// One of curl's easy handles with what is the same for every transfer of a client.
@safe final class EasyHandle {
    let raw: UnsafeMutableRawPointer

    /// Where curl writes what went wrong.
    let errorText: UnsafeMutablePointer<CChar>

    /// The transfer that uses it, which curl's callbacks are for. Not retained: curl calls back only while the transfer is in
    /// the client's table.
    unowned(unsafe) var user: CurlTransfer?

    /// Whoever watches its connections' sockets; it outlives this.
    unowned var multi: CurlMulti?

    private var lines: LineList

    init(_ settings: UpstreamSettings, _ trust: TrustStore, _ watch: TLSWatch) {
        unsafe raw = curl_easy_init()!
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.pointee = 0
        lines = LineList(mayHaveProxy: settings.proxy != "")
        // Unretained: after `deinit` curl has nothing left to call with it.
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
        // Otherwise a cancelled transfer waits for the resolver's thread, on ours.
        _ = unsafe shim_easy_set_long(raw, CURLOPT_QUICK_EXIT, 1)
        _ = unsafe shim_easy_set_long(raw, CURLOPT_TCP_KEEPALIVE, 1)
        unsafe watch.apply(to: raw)
        unsafe trust.apply(to: raw)
        if let path = settings.unixSocket { _ = unsafe shim_easy_set_text(raw, CURLOPT_UNIX_SOCKET_PATH, path) }
        if let proxy = settings.proxy { _ = unsafe shim_easy_set_text(raw, CURLOPT_PROXY, proxy) }
        // Otherwise curl looks for NO_PROXY all the same.
        if let proxy = settings.proxy { _ = unsafe shim_easy_set_text(raw, CURLOPT_NOPROXY, proxy == "" ? "*" : "") }
        if settings.proxy == "" {
            // Otherwise curl copies for each request where a proxy's authorities are.
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
