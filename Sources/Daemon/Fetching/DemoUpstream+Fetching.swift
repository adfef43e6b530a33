import Bytes
import Upstream

extension DemoUpstream {
    /// The built-in answer to a path and query below the base, in the form that a real fetch has.
    static func respond(to target: String, authorization: String?) -> FetchedResponse {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let answer = answer(
            path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "", authorization: authorization)
        return FetchedResponse(
            status: answer.status, fields: answer.fields.map { (name: $0.0.lowercased(), value: $0.1) },
            body: SharedBytes(answer.body), duration: .zero)
    }
}
