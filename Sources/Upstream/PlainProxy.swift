internal import CCurl
import Glibc

/// The proxy that requests for plain `http` are sent to: it is asked for whole URLs (RFC 9112 section 3.2.2), where one for
/// `https` makes a tunnel, which is curl's part.
struct PlainProxy {
    /// What admits to it, as a field's value.
    let authorization: String?

    /// The one for an origin, by the setting or else by the environment as curl reads it; nil if there is none, or it is one of
    /// SOCKS, which leads to the origin itself.
    init?(for origin: Origin, setting: String?) {
        guard !origin.isSecure,
            let url = ProxyRule(scheme: "http", host: origin.host, setting: setting, environment: environment())?.proxy,
            let handle = unsafe curl_url()
        else { return nil }
        defer { unsafe curl_url_cleanup(handle) }
        guard unsafe shim_url_guess(handle, url) == CURLUE_OK,
            ["http", "https"].contains(unsafe urlPart(handle, CURLUPART_SCHEME) ?? "http")
        else { return nil }
        let user = unsafe urlPart(handle, CURLUPART_USER)
        let password = unsafe urlPart(handle, CURLUPART_PASSWORD) ?? ""
        authorization = user.map { "Basic " + base64("\($0):\(password)") }
    }
}

/// The variables that tell of proxies.
private func environment() -> [String: String] {
    var values: [String: String] = [:]
    for name in ["http_proxy", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"] {
        if let text = unsafe getenv(name) { values[name] = unsafe String(cString: text) }
    }
    return values
}

private func base64(_ text: String) -> String {
    let bytes = Array(text.utf8)
    var out = [UInt8](repeating: 0, count: 4 * (bytes.count / 3 + 1) + 1)
    let count = unsafe EVP_EncodeBlock(&out, bytes, Int32(bytes.count))
    return String(decoding: out[..<Int(count)], as: UTF8.self)
}
