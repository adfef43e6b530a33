extension ByteBuilder {
    /// Appends UTF-8 text as it stands between the quotes of a JSON string: quotes, backslashes and control characters are
    /// escaped (RFC 8259 section 7).
    public mutating func append(jsonEscaped text: Span<UInt8>) {
        for index in 0..<text.count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                append(UInt8(ascii: "\\"))
                append(byte)
            case 0..<0x20:
                append("\\u00")
                append(Self.hexDigit(byte >> 4))
                append(Self.hexDigit(byte & 15))
            default: append(byte)
            }
        }
    }

    /// Appends the sixteen hexadecimal digits of a number.
    public mutating func append(hex number: UInt64) {
        for shift in stride(from: 60, through: 0, by: -4) { append(Self.hexDigit(UInt8(number >> UInt64(shift) & 15))) }
    }

    /// Appends a length in hexadecimal without leading zeros, as the head of a chunk has it (RFC 9112 section 7.1).
    public mutating func append(hexLength length: Int) {
        var shift = (Int.bitWidth - max(1, length).leadingZeroBitCount - 1) / 4 * 4
        while shift >= 0 {
            append(Self.hexDigit(UInt8(length >> shift & 15)))
            shift -= 4
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
