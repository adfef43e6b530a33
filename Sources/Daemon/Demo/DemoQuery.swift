import Bytes
import HTTPCore

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
    /// The text that was meant.
    static func decoded(_ text: String, plusIsSpace: Bool = false) -> String {
        let bytes = text.utf8.map { plusIsSpace && $0 == UInt8(ascii: "+") ? UInt8(ascii: " ") : $0 }
        let decoded = PercentEncoding.decoded(bytes.span)
        return decoded.span.text()
    }
}
