internal import CCurl

/// The scheme, host and port of a URL, as curl reads it: whoever compares and whoever connects must agree on what a URL
/// says.
struct Origin: Equatable {
    let scheme: String
    let host: String
    let port: String

    /// As it stands in a URL.
    let text: String

    init(scheme: String, host: String, port: String) {
        self.scheme = scheme
        self.host = host
        self.port = port
        text = "\(scheme)://\(host):\(port)"
        authority = port == (scheme == "https" ? "443" : "80") ? host : "\(host):\(port)"
    }

    var isSecure: Bool { scheme == "https" }

    /// Host and port as a `Host` field has them (RFC 9110 section 7.2).
    let authority: String
}

/// An absolute URL that can be asked for.
struct FetchURL {
    let text: String
    let origin: Origin

    /// Reads an absolute URL; nil if it is none, is neither http nor https, or has a user name in it, which curl would
    /// send.
    init?(_ text: String) { self.init(text, from: nil) }

    /// The URL that a redirect from `self` leads to (RFC 9110 section 10.2.2); nil as above.
    func redirected(to location: String) -> FetchURL? { FetchURL(location, from: text) }

    private init?(_ text: String, from base: String?) {
        guard let handle = unsafe curl_url() else { return nil }
        defer { unsafe curl_url_cleanup(handle) }
        guard unsafe shim_url_parse(handle, base ?? text) == CURLUE_OK else { return nil }
        if base != nil, unsafe shim_url_resolve(handle, text) != CURLUE_OK { return nil }
        // A fragment is for the reader, not for the server.
        _ = unsafe curl_url_set(handle, CURLUPART_FRAGMENT, nil, 0)
        guard let whole = unsafe urlPart(handle, CURLUPART_URL), let scheme = unsafe urlPart(handle, CURLUPART_SCHEME),
            let host = unsafe urlPart(handle, CURLUPART_HOST), let port = unsafe urlPart(handle, CURLUPART_PORT),
            scheme == "http" || scheme == "https"
        else { return nil }
        self.text = whole
        origin = Origin(scheme: scheme, host: host.lowercased(), port: port)
    }
}

/// A part of a URL; nil if it has none.
func urlPart(_ handle: OpaquePointer, _ part: CURLUPart) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    guard unsafe shim_url_part(handle, part, &text) == CURLUE_OK, let text = unsafe text else { return nil }
    defer { unsafe curl_free(text) }
    return unsafe String(cString: text)
}
