import Glibc

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
        // In a URL an address of version 6 has brackets, in the list it has none.
        let address = address(host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host[...])
        return list.lowercased().split(whereSeparator: { $0 == "," || $0 == " " }).contains { entry in
            if let address { return isIn(address, entry) }
            var name = entry.hasPrefix(".") ? entry.dropFirst() : entry
            if name.hasSuffix(".") { name.removeLast() }
            return !name.isEmpty && (host == name || host.hasSuffix("." + name))
        }
    }

    /// Whether an address is an entry of the list, or lies in the network that it names.
    private static func isIn(_ address: [UInt8], _ entry: Substring) -> Bool {
        let parts = entry.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let network = Self.address(parts[0]), network.count == address.count else { return false }
        guard parts.count == 2 else { return address == network }
        let most = address.count * 8
        guard let told = Int(parts[1]), (0...most).contains(told) else { return false }
        // To curl, no bits at all are all of them.
        let bits = told == 0 ? most : told
        return address.indices.allSatisfy { index in
            let mask = ~(UInt8.max >> UInt8(min(8, max(0, bits - index * 8))))
            return address[index] & mask == network[index] & mask
        }
    }

    /// The bytes of an address of version 4 or 6.
    private static func address(_ text: Substring) -> [UInt8]? {
        if text.contains(":") {
            var bytes = [UInt8](repeating: 0, count: 16)
            return unsafe inet_pton(AF_INET6, String(text), &bytes) == 1 ? bytes : nil
        }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false).compactMap { UInt8($0) }
        return parts.count == 4 && text.utf8.count { $0 == UInt8(ascii: ".") } == 3 ? parts : nil
    }
}
