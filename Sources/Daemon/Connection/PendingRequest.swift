import Bytes
import HTTPCore
import Serving

/// A request that waits for a fetch: what is left of it once its bytes are gone.
struct PendingRequest {
    let summary: RequestSummary
    /// The value of `Authorization`, for as long as the request lasts.
    let authorization: SharedBytes?
    let keepsAlive: Bool
    /// What was fetched for it so far.
    var delivered = Responder.Delivery()
    /// What is being fetched for it now, and why.
    var resource: Resource
    var reason: CacheStatus.Reason
    /// How the last fetch went, for `Cache-Status`; nil if none reached upstream.
    var forward: CacheStatus.Forward?
}
