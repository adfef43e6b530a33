/// The query of a request to the built-in upstream: of a repeated parameter the last one, none that is empty.
struct DemoQuery {
    private var values: [String: String] = [:]

    init(_ text: String) {
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let value = parts.count == 2 ? PercentText.decoded(String(parts[1]), plusIsSpace: true) : ""
            values[PercentText.decoded(String(parts[0]), plusIsSpace: true)] = value.isEmpty ? nil : value
        }
    }

    /// A parameter's value.
    subscript(name: String) -> String? { values[name] }

    /// A parameter's value as the items of a comma list, in lower case.
    func list(_ name: String) -> [String]? {
        values[name].map { $0.lowercased().split(separator: ",").map(String.init) }
    }
}

/// Percent-encoding (RFC 3986, section 2.1).
enum PercentText {
    /// The text that was meant. A `%` without two digits behind it stands for itself.
    static func decoded(_ text: String, plusIsSpace: Bool = false) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2, !rest.prefix(2).contains(UInt8(ascii: "+")),
                let value = UInt8(String(rest.prefix(2)) ?? "", radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
