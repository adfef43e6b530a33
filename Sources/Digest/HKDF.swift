/// HKDF with SHA-256 (RFC 5869): keys for several purposes from one secret.
public enum HKDF {
    /// The pseudorandom key of a secret, 32 bytes.
    public static func extract(salt: borrowing Span<UInt8>, secret: borrowing Span<UInt8>) -> [UInt8] {
        Fingerprinter(secret: salt).digest(of: secret).bytes
    }

    /// A key of `count` bytes, 8,160 at most, from a pseudorandom key. Other labels give independent keys.
    public static func expand(_ key: [UInt8], label: [UInt8], count: Int) -> [UInt8] {
        precondition(count <= 255 * 32, "HKDF gives 8,160 bytes at most")
        let mac = Fingerprinter(secret: key.span)
        var all: [UInt8] = []
        var last: [UInt8] = []
        var number: UInt8 = 0
        while all.count < count {
            number += 1
            let block = last + label + [number]
            last = mac.digest(of: block.span).bytes
            all += last
        }
        return Array(all.prefix(count))
    }
}
