import Bytes

/// HMAC-SHA256 (RFC 2104) under one secret.
///
/// The two blocks that depend on the secret alone are hashed once, when the fingerprinter is made. A fingerprint of a
/// short text then costs two more blocks and allocates nothing, so every request can afford it.
public struct Fingerprinter: Sendable {
    private let inner: SHA256
    private let outer: SHA256

    /// The number of bytes of a secret of this program's own making.
    public static let secretSize = 32

    /// A fingerprinter under `secret`, which may have any length; it is not kept, only what was hashed from it.
    public init(secret: borrowing Span<UInt8>) {
        var block = [UInt8](repeating: 0, count: 64)
        if secret.count > block.count {
            block.replaceSubrange(0..<32, with: SHA256.digest(of: secret).bytes)
        } else {
            for index in 0..<secret.count { block[index] = secret[index] }
        }
        inner = Self.state(of: block, paddedWith: 0x36)
        outer = Self.state(of: block, paddedWith: 0x5C)
    }

    private static func state(of block: [UInt8], paddedWith padding: UInt8) -> SHA256 {
        var hash = SHA256()
        let padded = block.map { $0 ^ padding }
        hash.update(padded.span)
        return hash
    }

    /// A new secret from the system's source of randomness (`getrandom`).
    public static func randomSecret() -> [UInt8] {
        var source = SystemRandomNumberGenerator()
        return (0..<secretSize).map { _ in UInt8.random(in: .min ... .max, using: &source) }
    }

    /// A fingerprinter under a new random secret: its fingerprints mean nothing to another process.
    public static func random() -> Fingerprinter {
        let secret = randomSecret()
        return Fingerprinter(secret: secret.span)
    }

    /// The fingerprint of `bytes`. It allocates nothing.
    @inline(__always)
    public func fingerprint(_ bytes: borrowing Span<UInt8>) -> Fingerprint {
        var hash = inner
        hash.update(bytes)
        var sealing = outer
        sealing.update(hash.finish())
        return Fingerprint(digest: sealing.finish())
    }

    /// All 256 bits of the HMAC of `bytes`.
    public func digest(of bytes: borrowing Span<UInt8>) -> Digest256 { fingerprint(bytes).digest }

    /// The fingerprint of `prefix` followed by `bytes`. It allocates nothing.
    public func fingerprint(_ prefix: StaticString, _ bytes: borrowing Span<UInt8>) -> Fingerprint {
        var hash = inner
        hash.update(prefix)
        hash.update(bytes)
        var sealing = outer
        sealing.update(hash.finish())
        return Fingerprint(digest: sealing.finish())
    }
}

extension Fingerprinter: CustomStringConvertible, CustomReflectable {
    /// A name and nothing of the state, from which the fingerprint of a guessed key could be computed.
    public var description: String { "Fingerprinter" }

    /// No children, for the same reason.
    public var customMirror: Mirror { Mirror(self, children: []) }
}

/// Identifies a secret text, such as a caller's key, without revealing it: an HMAC-SHA256 of the text.
///
/// Equal texts under one secret have equal fingerprints; the text cannot be recovered from one.
public struct Fingerprint: Hashable, Sendable {
    let digest: Digest256

    /// The first 8 hexadecimal digits, for people to read: enough to distinguish a few keys, not to identify one.
    public var shortText: String { String(hexText(digest.first).prefix(8)) }

    /// The first 128 bits, as two numbers: more than enough to distinguish keys, and small enough for a table's key.
    public var words: (high: UInt64, low: UInt64) { (digest.first, digest.second) }

    /// One word is enough: without the secret, no attacker can choose fingerprints that collide in it.
    public func hash(into hasher: inout Hasher) { hasher.combine(digest.first) }
}

extension Fingerprint: CustomStringConvertible {
    /// The short text, so that a log line or an interpolation shows no more than that.
    public var description: String { shortText }
}
