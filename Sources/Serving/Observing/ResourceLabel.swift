import Catalog

extension Resource {
    /// Its name for operators: what is asked of upstream, but for text that is a caller's own. Of a parameter that Larder
    /// does not know the value is left out, as it is where the value looks like a key; the rest is printable ASCII and cut.
    public var label: String {
        switch self {
        case .catalog: "/models"
        case .userList: Self.userPath
        case .model(let id): Self.printable("/model/" + id)
        case .facet(let name, of: .catalog): "/models?" + Self.shown(name.pair)
        case .facet(let name, of: .user): Self.userPath + "?" + Self.shown(name.pair)
        case .opaque(let path, ""): Self.printable(path)
        case .opaque(let path, _): Self.printable(path) + "?..."
        }
    }

    private static let longest = 80
    private static let knownParameters: Set<Substring> = [
        "category", "providers", "distillable", "zdr", "region", "min_tool_success_rate", "max_tool_success_rate",
        "sort",
        "output_modalities", "input_modalities", "supported_parameters", "context", "arch", "model_authors",
        "min_price",
        "max_price",
    ]

    private static func shown(_ pair: String) -> String {
        let parts = pair.split(separator: "=", maxSplits: 1)
        guard let name = parts.first, knownParameters.contains(name) else { return "..." }
        guard parts.count == 2, !parts[1].contains("sk-") else { return name + "=..." }
        return printable(pair)
    }

    private static func printable(_ text: String) -> String {
        let shown = text.unicodeScalars.prefix(longest).map {
            (0x21...0x7E).contains($0.value) && $0 != "\"" && $0 != "\\" ? Character($0) : "_"
        }
        return String(shown) + (text.unicodeScalars.count > longest ? "..." : "")
    }
}
