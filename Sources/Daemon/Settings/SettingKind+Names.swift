internal import FoundationEssentials

// The types that name something: files, hosts, query parameters.

extension SettingKind<String> {
    /// The base URL of an API.
    static let baseURL = {
        var kind = Self.text(
            "a URL such as https://host/api/v1: http or https, with no user name, query or fragment",
            URLText.base, show: { $0 })
        kind.conceal = concealingUserinfo
        return kind
    }()

    /// The URL of a proxy, whose user name and password are never shown.
    static let proxyURL = {
        var kind = Self.text(
            "a URL such as http://host:3128, its scheme http, https, socks4, socks4a, socks5 or socks5h", URLText.proxy,
            show: URLText.masked)
        kind.conceal = concealingUserinfo
        return kind
    }()

    /// A file that is there and can be read.
    static let readableFile = Self.text(
        "the path of a file that can be read",
        { path in
            var isDirectory = false
            let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory)
            return exists && !isDirectory && FileManager.default.isReadableFile(atPath: path) ? path : nil
        }, show: { $0 })

    /// A directory, which may have to be created. What a shell would expand is taken for a slip.
    static let directory = Self.text(
        "the path of a directory, with no ~ at its start", { $0.isEmpty || $0.hasPrefix("~") ? nil : $0 },
        show: { $0 })

    private static let concealingUserinfo: @Sendable (SettingValue) -> String = { value in
        guard case .text(let text) = value else { return value.description }
        return TOMLText.quoted(URLText.masked(text))
    }
}

/// The texts of a list: TOML's own, or separated by commas where there is only text.
private func items(of value: SettingValue) -> [String]? {
    switch value {
    case .text(let text):
        return text.split(separator: ",", omittingEmptySubsequences: false).map { part in
            String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
        }
    case .list(let values):
        var texts: [String] = []
        for value in values {
            guard case .text(let text) = value else { return nil }
            texts.append(text)
        }
        return texts
    default: return nil
    }
}

extension SettingKind<[ListenAddress]> {
    /// At least one address, none twice.
    static let addresses = Self(
        expected: "HOST:PORT, [IPV6]:PORT or unix:PATH, or a list of them without repetition",
        read: { value in
            guard let texts = items(of: value), !texts.isEmpty else { return nil }
            let addresses = texts.compactMap { ListenAddress($0) }
            return addresses.count == texts.count && Set(addresses).count == texts.count ? addresses : nil
        }, show: { TOMLText.list($0.map(\.description)) })
}

extension SettingKind<[String]> {
    /// Names of query parameters that are otherwise answered here.
    static let filterNames = {
        let bounds = ["price", "output_price", "age_days", "intelligence_index", "coding_index", "agentic_index"]
        let known =
            ["output_modalities", "input_modalities", "supported_parameters", "q", "context", "arch", "model_authors"]
            + ["sort"] + bounds.flatMap { ["min_" + $0, "max_" + $0] }
        return Self(
            expected: "a list of names among " + known.joined(separator: ", "),
            read: { value in
                guard let names = value == .text("") ? [] : items(of: value) else { return nil }
                return names.allSatisfy(known.contains) && Set(names).count == names.count ? names : nil
            }, show: TOMLText.list)
    }()

    /// Names as `Host` has them, without ports; an IPv6 address in brackets. `*` alone is any.
    static let hostNames = Self(
        expected: "a list of host names without ports, such as \"larder.lan\" or \"[::1]\", or \"*\"",
        read: { value in
            guard let names = value == .text("") ? [] : items(of: value) else { return nil }
            if names == ["*"] { return names }
            return names.allSatisfy { HostText.host($0) != nil } && Set(names).count == names.count ? names : nil
        }, show: TOMLText.list)
}
