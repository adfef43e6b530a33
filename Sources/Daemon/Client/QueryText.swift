/// Writes texts as parts of a URL (RFC 3986 section 2).
enum QueryText {
    /// `name=value&...`, every byte encoded that is not a letter, a digit or one of `-._~`.
    static func query(_ parameters: [(name: String, value: String)]) -> String {
        parameters.map { "\(encoded($0.name))=\(encoded($0.value))" }.joined(separator: "&")
    }

    /// A path without its first slash: slashes and colons stay as they are.
    static func path(_ text: String) -> String { encoded(text, keeping: "/:") }

    private static func encoded(_ text: String, keeping kept: String = "") -> String {
        let plain = "-._~" + kept
        var result = ""
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            if scalar.properties.isAlphabetic && scalar.isASCII || ("0"..."9").contains(scalar)
                || plain.unicodeScalars.contains(scalar)
            {
                result.unicodeScalars.append(scalar)
            } else {
                let digits = String(byte, radix: 16, uppercase: true)
                result += "%" + (digits.count == 1 ? "0" : "") + digits
            }
        }
        return result
    }
}
