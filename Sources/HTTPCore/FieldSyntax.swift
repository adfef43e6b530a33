/// What fields are made of (RFC 9110 sections 5.5 and 5.6.2).
public enum FieldSyntax {
    /// Whether the bytes are a token, as a field's name and a method are.
    public static func isToken(_ bytes: Span<UInt8>) -> Bool {
        for index in 0..<bytes.count where !isTokenByte(bytes[index]) { return false }
        return bytes.count > 0
    }

    /// Whether the bytes can be sent as a value, on one line: a line break in them would begin another field.
    public static func isValue(_ bytes: Span<UInt8>) -> Bool {
        for index in 0..<bytes.count {
            let byte = bytes[index]
            if byte < 0x20 && byte != 0x09 || byte == 0x7F { return false }
        }
        return true
    }

    /// One bit for each byte below 0x80.
    @inline(__always)
    private static func isTokenByte(_ byte: UInt8) -> Bool {
        // ! # to ' * + - . 0 to 9
        let low: UInt64 = 1 << 0x21 | 0x1F << 0x23 | 0b11 << 0x2A | 0b11 << 0x2D | 0x3FF << 0x30
        // A to Z ^ _ ` a to z | ~, from 0x40
        let high: UInt64 = 0x3FF_FFFF << 0x01 | 0b111 << 0x1E | 0x3FF_FFFF << 0x21 | 1 << 0x3C | 1 << 0x3E
        return byte < 0x80 && (byte < 0x40 ? low : high) >> UInt64(byte & 0x3F) & 1 != 0
    }
}
