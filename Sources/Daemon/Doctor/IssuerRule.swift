/// Whether somebody between here and upstream opens its TLS.
enum IssuerRule {
    /// Names of products that issue certificates for other people's sites, in lower case.
    private static let interceptors = [
        "zscaler", "netskope", "fortinet", "fortigate", "palo alto", "blue coat", "bluecoat", "umbrella", "sophos",
        "checkpoint", "check point", "barracuda", "mcafee", "skyhigh", "forcepoint", "websense", "kaspersky", "avast",
        "avg ", "eset ", "bitdefender", "mitmproxy", "charles proxy", "fiddler", "portswigger", "burp", "proxyman",
        "squid", "cato networks", "sonicwall", "watchguard", "iboss", "lightspeed", "untangle", "cloudflare gateway",
        "cloudflare for teams", "proxy", "firewall", "inspection", "intercept", "corporate", "decrypt",
    ]

    /// The word in an issuer's name that gives it away; nil if it looks like any authority.
    static func suspicion(_ issuer: String) -> String? {
        let issuer = issuer.lowercased() + " "
        return interceptors.first { issuer.contains($0) }?.split(separator: " ").joined(separator: " ")
    }
}
