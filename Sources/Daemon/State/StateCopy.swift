import Bytes
import Caching

/// A copy of a response as it outlived the process.
struct StateCopy: Sendable {
    /// What was stored beside the body.
    var fields: StateFields
    /// Upstream's body, decoded.
    var body: SharedBytes
    /// The body's SHA-256.
    var digest: [UInt8]
    /// When it was complete, in milliseconds of this process's monotonic clock.
    var storedAt: UInt64

    var freshness: Freshness {
        Freshness(
            storedAt: storedAt, lifetime: fields.lifetime, initialAge: fields.initialAge, staleUse: fields.staleUse)
    }
}
