/// Which proxy a request goes through, and who says so, as curl decides it.
public struct ProxyRule: Equatable, Sendable {
    /// Who says so: `upstream.proxy` or the name of an environment variable.
    public let origin: String

    /// The proxy's URL, which may hold a password; nil for none.
    public let proxy: String?

    /// The rule for a URL's scheme and host. `setting` is `upstream.proxy`, which goes over the environment; an empty one
    /// stands for no proxy at all. Nil if nothing is said.
    public init?(scheme: String, host: String, setting: String?, environment: [String: String]) {
        if let setting {
            origin = "upstream.proxy"
            proxy = setting.isEmpty ? nil : setting
            return
        }
        // HTTP_PROXY in capitals is not read: where a server runs programs, a request's Proxy field would set it.
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

    /// A variable that looks as if it named a proxy for a URL's scheme, and is not read.
    public static func unread(scheme: String, _ environment: [String: String]) -> String? {
        scheme == "http" && environment["HTTP_PROXY"]?.isEmpty == false ? "HTTP_PROXY" : nil
    }

    /// Whether a list of names has the host in it, or a domain or a network (`10.0.0.0/8`) that it belongs to.
    public static func exempts(_ host: String, _ list: String) -> Bool {
        if list == "*" { return true }
        let host = host.lowercased()
        let address = ipv4(host[...])
        return list.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
            if let address { return isIn(address, entry) }
            var name = entry.hasPrefix(".") ? entry.dropFirst() : entry
            if name.hasSuffix(".") { name.removeLast() }
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }

    /// Whether an address is an entry of the list, or lies in the network that it names.
    private static func isIn(_ address: UInt32, _ entry: Substring) -> Bool {
        let parts = entry.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let network = ipv4(parts[0]) else { return false }
        guard parts.count == 2 else { return address == network }
        guard let bits = Int(parts[1]), (0...32).contains(bits) else { return false }
        // To curl, no bits at all are all of them.
        let mask = bits == 0 ? UInt32.max : UInt32.max << UInt32(32 - bits)
        return address & mask == network & mask
    }

    private static func ipv4(_ text: Substring) -> UInt32? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
        guard parts.count == 4 else { return nil }
        return parts.reduce(0) { sum, part in
            guard let sum, let part else { return nil }
            return sum << 8 | UInt32(part)
        }
    }
}
