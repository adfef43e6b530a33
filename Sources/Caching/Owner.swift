/// Whom a request speaks for: the keyed digest of its `Authorization`, never the key itself.
///
/// Callers without a key are one owner among them, `nobody`.
public struct Owner: Hashable, Sendable {
    /// The first 64 bits of the digest.
    public let high: UInt64
    /// The next 64 bits.
    public let low: UInt64

    /// The owner with this digest.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// A request without `Authorization`.
    public static let nobody = Owner(high: 0, low: 0)
}
