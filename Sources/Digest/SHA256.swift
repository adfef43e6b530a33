import Bytes
internal import CCrypto
import Threads

/// SHA-256 (FIPS 180-4), on a context that lives on the stack. libcrypto's EVP interface would allocate one each time.
public struct SHA256: Sendable {
    private var context = SHA256_CTX()

    /// The state before the first byte.
    init() {
        let code = unsafe SHA256_Init(&context)
        precondition(code == 1, "SHA256_Init knows no failure")
    }

    /// The bytes hashed in one go when there are many: a tenth of a millisecond's work, or less.
    private static let portion = 64 << 10

    /// The digest of these bytes.
    public static func digest(of bytes: borrowing Span<UInt8>) -> Digest256 {
        var hash = SHA256()
        var begin = 0
        while begin < bytes.count {
            let end = min(begin + portion, bytes.count)
            hash.update(bytes.extracting(begin..<end))
            if end < bytes.count { Throttle.pauseIfNeeded() }
            begin = end
        }
        return hash.finish()
    }

    /// Takes in more bytes.
    @inline(__always)
    mutating func update(_ bytes: borrowing Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { source in
            let code = unsafe SHA256_Update(&context, source.baseAddress, source.count)
            precondition(code == 1, "SHA256_Update knows no failure")
        }
    }

    /// Takes in a literal's bytes.
    mutating func update(_ text: StaticString) {
        let code = unsafe SHA256_Update(&context, text.utf8Start, text.utf8CodeUnitCount)
        precondition(code == 1, "SHA256_Update knows no failure")
    }

    /// Takes in the 32 bytes of another digest.
    @inline(__always)
    mutating func update(_ digest: Digest256) {
        var words = (
            digest.first.bigEndian, digest.second.bigEndian, digest.third.bigEndian, digest.fourth.bigEndian
        )
        unsafe withUnsafeBytes(of: &words) { source in
            let code = unsafe SHA256_Update(&context, source.baseAddress, source.count)
            precondition(code == 1, "SHA256_Update knows no failure")
        }
    }

    /// The digest of the bytes so far; the context cannot be used afterwards.
    @inline(__always)
    consuming func finish() -> Digest256 {
        var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)
        unsafe withUnsafeMutableBytes(of: &words) { target in
            let code = unsafe SHA256_Final(target.baseAddress, &context)
            precondition(code == 1, "SHA256_Final knows no failure")
        }
        return Digest256(
            first: UInt64(bigEndian: words.0), second: UInt64(bigEndian: words.1),
            third: UInt64(bigEndian: words.2), fourth: UInt64(bigEndian: words.3))
    }
}

/// The 256 bits that SHA-256 makes of some bytes, kept by value.
public struct Digest256: Hashable, Sendable {
    // Four words, in the order in which the digest is written; the first byte is the most significant of `first`.
    let first: UInt64
    let second: UInt64
    let third: UInt64
    let fourth: UInt64

    /// Four words, the first bytes in the highest bits of the first.
    public var words: (UInt64, UInt64, UInt64, UInt64) { (first, second, third, fourth) }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        [first, second, third, fourth].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> UInt64($0)) }
        }
    }

    /// The bytes as 64 lower-case hexadecimal digits.
    public var hex: String { hexText(first) + hexText(second) + hexText(third) + hexText(fourth) }
}

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
