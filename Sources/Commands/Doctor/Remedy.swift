import HTTPClient

/// What to do about a failure, by its cause.
package enum Remedy {
    /// For a connection that TLS has refused, by the text of OpenSSL or curl.
    package static func ofTLS(_ why: String) -> String {
        let why = why.lowercased()
        if why.contains("has expired") {
            return "the certificate has expired: that server's operator must renew it; if it is valid on other "
                + "machines, set this machine's clock (timedatectl set-ntp true)"
        }
        if why.contains("not yet valid") {
            return "the certificate is not valid yet: set this machine's clock (timedatectl set-ntp true)"
        }
        if why.contains("does not match") || why.contains("no alternative certificate subject name")
            || why.contains("hostname mismatch") || why.contains("ip address mismatch")
        {
            return "the certificate is for another name: check the host in upstream.url, and a proxy in between"
        }
        if why.contains("self-signed") || why.contains("self signed") || why.contains("issuer")
            || why.contains("unknown ca")
        {
            return "if you trust the issuer, put its certificate into upstream.ca_file"
        }
        if why.contains("revoked") { return "the certificate was revoked: do not use this server" }
        return "check the proxy, and whether upstream.url names an HTTPS server"
    }

    /// For an answer of upstream with an error status.
    package static func ofStatus(_ status: Int) -> String {
        switch status {
        case 401, 403:
            "the address is right, but it refuses requests without a key: a gateway may require its own, and clients "
                + "need a valid one"
        case 404, 410: "nothing is there: check the path in upstream.url"
        case 407: "the proxy requires a user name and a password: put them into upstream.proxy"
        case 408, 425, 429: "too many requests: wait; Larder backs off by itself"
        case 508: "upstream.url leads to Larder itself: set it to the real upstream"
        case 500...: "the server fails, the address is right: wait; Larder serves stored copies and tries again"
        case 300..<400: "it redirects: set upstream.url to the redirect's target"
        default: "check upstream.url"
        }
    }

    static func of(_ failure: FetchFailure) -> String {
        switch failure {
        case .nameNotResolved: "see dns"
        case .tls: "see tls"
        case .unreachable: "check the network, a firewall, and upstream.url"
        case .timeout: "check the network and the proxy, or raise upstream.timeout"
        case .redirectElsewhere, .tooManyRedirects: "set upstream.url to the redirect's target"
        case .cut: "the connection broke: check the network and the proxy, and try again"
        case .tooLarge, .noRoom, .malformed, .cancelled, .other: "check upstream.url"
        }
    }
}
