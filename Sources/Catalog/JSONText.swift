import Bytes

/// Writes text between the quotes of a JSON string, RFC 8259 section 7.
enum JSONText {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Appends valid UTF-8, escaping what has to be.
    static func appendEscaped(_ text: Span<UInt8>, to body: inout ByteBuilder) {
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                body.append(UInt8(ascii: "\\"))
                body.append(byte)
            case 0..<0x20:
                body.append("\\u00")
                body.append(digits[Int(byte >> 4)])
                body.append(digits[Int(byte & 15)])
            default: body.append(byte)
            }
        }
    }

    /// Appends a part of a URI as it was spelled; bytes that no URI may hold (RFC 3986 section 2), which may not even be
    /// UTF-8, are percent-encoded.
    static func appendEscapedURI(_ text: Span<UInt8>, to body: inout ByteBuilder) {
        for index in text.indices {
            let byte = text[index]
            switch byte {
            case 0...0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x7F...0xFF:
                for character in PercentEncoding.bytes(byte) { body.append(character) }
            default: body.append(byte)
            }
        }
    }
}
