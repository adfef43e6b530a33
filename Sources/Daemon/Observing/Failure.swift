import HTTPCore
import Logging
import Metrics
import Serving

/// How a request to upstream has failed.
struct Failure {
    /// Nil if no request was sent.
    let reason: UpstreamMetrics.Reason?
    let message: String
    /// Upstream's status, if it answered.
    let status: Int?

    init(_ problem: FetchProblem) {
        reason = UpstreamMetrics.Reason(problem)
        message = problem.problem.message
        status = problem.status?.rawValue
    }

    /// Upstream's response to a fetch says that it refuses the key; nil for any other response.
    init?(refusing status: Status) {
        guard let reason = UpstreamMetrics.Reason(refusal: status) else { return nil }
        self.reason = reason
        self.status = status.rawValue
        message = "upstream refuses the key: it answered \(status.rawValue)"
    }

    /// Upstream's response to a passed-through request has this status; nil if that is no failure of upstream.
    init?(passed status: Int) {
        guard status >= 500 else { return nil }
        reason = .status
        self.status = status
        message = "upstream answered \(status)"
    }

    /// The members of its line in the log.
    func members(resource: String) -> Logger.Metadata {
        var members: Logger.Metadata = [
            "resource": "\(resource)", "reason": "\(reason?.name.description ?? "not-sent")",
        ]
        if let status { members["status"] = "\(status)" }
        return members
    }
}
