/// What stands for a secret text, such as a caller's key, wherever one must be told from another: an HMAC-SHA256 of it.
///
/// Equal texts under one secret have equal fingerprints; nothing leads back to the text.
public struct Fingerprint: Hashable, Sendable {
    let digest: Digest256

    /// The first 8 hexadecimal digits, for people to read: enough to tell a few keys apart, not to identify one.
    public var shortText: String { String(hexText(digest.first).prefix(8)) }

    /// All 64 hexadecimal digits.
    public var hex: String { digest.hex }

    /// One word is enough: under an unknown secret nobody chooses fingerprints that collide in it.
    public func hash(into hasher: inout Hasher) { hasher.combine(digest.first) }
}

extension Fingerprint: CustomStringConvertible {
    /// The short text, so that a log line or an interpolation shows no more than that.
    public var description: String { shortText }
}
