import Bytes
import HTTPCore
import Serving

/// A request that waits for a fetch: what is left of it once its bytes are gone.
struct PendingRequest {
    let summary: RequestSummary
    /// The value of `Authorization`, for as long as the request lasts.
    let authorization: SharedBytes?
    /// What was fetched for it so far.
    var delivered = Responder.Delivery()
    /// What is being fetched for it now.
    var wants: [Responder.Want] = []
    /// The first of these fetches that has failed. All of them end before the request is answered, so that none of them is
    /// taken for one of the next request's.
    var failure: Failure?
    /// How the last fetch went, for `Cache-Status`; nil if none reached upstream.
    var forward: CacheStatus.Forward?
    /// Why a stored copy had to do without upstream being asked, if one had to: it is left alone, or too much is asked already.
    var unasked: CacheStatus.Detail?

    /// Notes that a stored copy stands in for a fetch.
    mutating func makeUp(for failure: Failure) {
        if let forward = failure.forward {
            self.forward = forward
        } else {
            unasked = failure.problem.problem.detail
        }
    }

    /// How a fetch has failed.
    struct Failure {
        let problem: FetchProblem
        let reason: CacheStatus.Reason
        let collapsed: Bool

        /// What `Cache-Status` tells of it; nil if upstream was not asked.
        var forward: CacheStatus.Forward? {
            guard problem.hasAsked else { return nil }
            return CacheStatus.Forward(
                reason: reason, status: problem.status?.rawValue, collapsed: collapsed, detail: problem.problem.detail)
        }
    }
}
