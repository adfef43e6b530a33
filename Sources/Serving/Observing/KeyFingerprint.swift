import Bytes

/// What is shown of a key: the first 8 hexadecimal digits of its digest.
public enum KeyFingerprint {
    /// The digits, from the first half of the digest.
    public static func text(_ high: UInt64) -> String {
        let digits = String(high >> 32, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// The digits' number, if that is what the text is.
    public static func number(_ text: String) -> UInt64? {
        guard text.utf8.count == 8, text.utf8.allSatisfy({ $0 != UInt8(ascii: "+") }) else { return nil }
        return UInt64(text, radix: 16)
    }

    /// Appends the digits.
    static func append(_ high: UInt64, to out: inout ByteBuilder) {
        for shift in stride(from: UInt64(60), through: 32, by: -4) {
            let digit = UInt8(truncatingIfNeeded: high >> shift & 15)
            out.append(digit < 10 ? UInt8(ascii: "0") &+ digit : UInt8(ascii: "a") &+ digit &- 10)
        }
    }
}
