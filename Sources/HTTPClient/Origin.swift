internal import CCurl

/// The scheme, host and port of a URL, as curl parses it: the code that compares URLs and the code that connects must
/// agree on what a URL means. An object, because requests and connections refer to it and five strings cost more to copy.
package final class Origin: Equatable, Sendable {
    let scheme: String
    let host: String
    let port: String

    /// The form that it has in a URL.
    let text: String

    package init(scheme: String, host: String, port: String) {
        self.scheme = scheme
        self.host = host
        self.port = port
        text = "\(scheme)://\(host):\(port)"
        authority = port == (scheme == "https" ? "443" : "80") ? host : "\(host):\(port)"
    }

    var isSecure: Bool { scheme == "https" }

    /// The text contains everything that distinguishes two origins.
    package static func == (one: Origin, other: Origin) -> Bool { one === other || one.text == other.text }

    /// Host and port as a `Host` field has them (RFC 9110 section 7.2).
    let authority: String
}

/// An absolute URL that can be requested.
struct FetchURL {
    let text: String
    let origin: Origin

    /// Parses an absolute URL. Nil if it is not one, is neither http nor https, or contains a user name, which curl
    /// would send.
    init?(_ text: String) { self.init(text, from: nil) }

    /// The URL that a redirect from `self` leads to (RFC 9110 section 10.2.2); nil as above.
    func redirected(to location: String) -> FetchURL? { FetchURL(location, from: text) }

    private init?(_ text: String, from base: String?) {
        guard let handle = unsafe curl_url() else { return nil }
        defer { unsafe curl_url_cleanup(handle) }
        guard unsafe shim_url_parse(handle, base ?? text) == CURLUE_OK else { return nil }
        if base != nil, unsafe shim_url_resolve(handle, text) != CURLUE_OK { return nil }
        // A fragment is for the client, not for the server.
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
