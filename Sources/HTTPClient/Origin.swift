internal import CCurl
import Glibc

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

/// Which proxy a request goes through, and which setting decides it, by curl's rules.
public struct ProxyRule: Equatable, Sendable {
    /// What decides it: `upstream.proxy` or the name of an environment variable.
    public let origin: String

    /// The proxy's URL, which may contain a password; nil for none.
    public let proxy: String?

    /// The rule for a URL's scheme and host. `setting` is `upstream.proxy`, which overrides the environment; an empty
    /// one means no proxy at all. Nil if nothing is set.
    public init?(scheme: String, host: String, setting: String?, environment: [String: String]) {
        if let setting {
            origin = "upstream.proxy"
            proxy = setting.isEmpty ? nil : setting
            return
        }
        // HTTP_PROXY in capitals is not read: if a server runs programs (CGI), a request's Proxy field would set it.
        let names = (scheme == "http" ? ["http_proxy"] : ["https_proxy", "HTTPS_PROXY"]) + ["all_proxy", "ALL_PROXY"]
        guard let name = names.first(where: { environment[$0]?.isEmpty == false }) else { return nil }
        for exception in ["no_proxy", "NO_PROXY"] {
            guard let list = environment[exception] else { continue }
            if Self.exempts(host, list) {
                origin = exception
                proxy = nil
                return
            }
            break
        }
        origin = name
        proxy = environment[name]
    }

    /// A variable that seems to name a proxy for a URL's scheme but is not read.
    public static func unread(scheme: String, _ environment: [String: String]) -> String? {
        scheme == "http" && environment["HTTP_PROXY"]?.isEmpty == false ? "HTTP_PROXY" : nil
    }

    /// Whether a list of names contains the host, or a domain or a network (`10.0.0.0/8`) that it belongs to.
    public static func exempts(_ host: String, _ list: String) -> Bool {
        if list == "*" { return true }
        let host = host.lowercased()
        // An IPv6 address has brackets in a URL, but not in the list.
        let address = address(host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host[...])
        return list.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
            if let address { return isIn(address, entry) }
            var name = entry.hasPrefix(".") ? entry.dropFirst() : entry
            if name.hasSuffix(".") { name.removeLast() }
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }

    /// Whether an address equals an entry of the list, or is in the network that the entry names.
    private static func isIn(_ address: [UInt8], _ entry: Substring) -> Bool {
        let parts = entry.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let network = Self.address(parts[0]), network.count == address.count else { return false }
        guard parts.count == 2 else { return address == network }
        let most = address.count * 8
        guard let prefixLength = Int(parts[1]), (0...most).contains(prefixLength) else { return false }
        // curl treats zero bits as all bits.
        let bits = prefixLength == 0 ? most : prefixLength
        return address.indices.allSatisfy { index in
            let mask = ~(UInt8.max >> UInt8(min(8, max(0, bits - index * 8))))
            return address[index] & mask == network[index] & mask
        }
    }

    /// The bytes of an IPv4 or IPv6 address.
    private static func address(_ text: Substring) -> [UInt8]? {
        if text.contains(":") {
            var bytes = [UInt8](repeating: 0, count: 16)
            return unsafe inet_pton(AF_INET6, String(text), &bytes) == 1 ? bytes : nil
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        return parts.count == 4 && text.utf8.count { $0 == UInt8(ascii: ".") } == 3 ? parts : nil
    }
}

/// The proxy that requests for plain `http` are sent to. It gets whole URLs as request targets (RFC 9112 section
/// 3.2.2). A proxy for `https` makes a tunnel instead, which curl does.
struct PlainProxy {
    /// The credentials for the proxy, as a field's value.
    let authorization: String?

    /// The proxy for an origin, from the setting or else from the environment as curl reads it. Nil if there is none,
    /// or if it is a SOCKS proxy, which connects to the origin itself.
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

/// The environment variables for proxies.
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
