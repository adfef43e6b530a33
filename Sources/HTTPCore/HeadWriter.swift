public import Bytes

/// Writes the lines of a response head (RFC 9112 sections 4 and 5).
///
/// The parts are separate functions because a cached answer's head is written once but for the fields that change with
/// every request, which are then written alone.
public enum HeadWriter {
    /// Appends the status line. The version is always 1.1, the highest that Larder speaks (RFC 9110 section 2.5).
    public static func appendStatusLine(_ status: Status, to out: inout ByteBuilder) {
        out.append("HTTP/1.1 ")
        out.append(decimal: status.rawValue)
        out.append(UInt8(ascii: " "))
        out.append(status.reasonPhrase)
        out.append("\r\n")
    }

    /// Appends one field line. The value comes from Larder itself or from `sanitized(_:)`: a CR or LF in it would end the line.
    public static func appendField(_ name: StaticString, _ value: StaticString, to out: inout ByteBuilder) {
        out.append(name)
        out.append(": ")
        out.append(value)
        out.append("\r\n")
    }

    /// Appends one field line with a value of bytes.
    public static func appendField(_ name: StaticString, _ value: Span<UInt8>, to out: inout ByteBuilder) {
        out.append(name)
        out.append(": ")
        out.append(value)
        out.append("\r\n")
    }

    /// Appends one field line with a number for its value.
    public static func appendField(_ name: StaticString, decimal value: Int, to out: inout ByteBuilder) {
        out.append(name)
        out.append(": ")
        out.append(decimal: value)
        out.append("\r\n")
    }

    /// A value from elsewhere, fit to stand in a field line: control characters become spaces (RFC 9110 section 5.5).
    public static func sanitized(_ value: Span<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(value.count)
        for index in 0..<value.count {
            let byte = value[index]
            out.append(byte < 0x20 && byte != UInt8(ascii: "\t") || byte == 0x7F ? UInt8(ascii: " ") : byte)
        }
        return out
    }
}
