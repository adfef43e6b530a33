/// What stands for a secret text, such as a caller's key, wherever one must be told from another: an HMAC-SHA256 of it.
///
/// Equal texts under one secret have equal fingerprints; nothing leads back to the text.
public struct Fingerprint: Hashable, Sendable {
    let digest: Digest256

    /// The first 8 hexadecimal digits, for people to read: enough to tell a few keys apart, not to identify one.
    public var shortText: String { String(hexText(digest.first).prefix(8)) }

    /// The first 128 bits, as two numbers: more than enough to tell keys apart, and small enough to be a table's key.
    public var words: (high: UInt64, low: UInt64) { (digest.first, digest.second) }

    /// One word is enough: under an unknown secret nobody chooses fingerprints that collide in it.
    public func hash(into hasher: inout Hasher) { hasher.combine(digest.first) }
}

extension Fingerprint: CustomStringConvertible {
    /// The short text, so that a log line or an interpolation shows no more than that.
    public var description: String { shortText }
}
