import Foundation
import TestSupport
import Testing

/// What `/_larder/status` tells of a cache.
struct StatusEntries {
    /// One line for each entry: what it is, upstream's status, and what it may still be used for; sorted.
    let lines: [String]
    /// How many requests to upstream have ended.
    let upstreamRequests: Int
    /// The seconds that each entry is fresh for, in the order of the page.
    let lifetimes: [Int]

    init(of larder: LiveLarder) throws {
        let page = try JSONSerialization.jsonObject(with: Data(try larder.get("/_larder/status").body))
        let root = try #require(page as? [String: Any])
        let upstream = try #require(root["upstream"] as? [String: Any])
        upstreamRequests = try #require(upstream["requests"] as? Int)
        let entries = try #require(root["entries"] as? [[String: Any]])
        lifetimes = entries.compactMap { $0["ttl_seconds"] as? Int }
        lines = entries.map { entry in
            let status = entry["status"] as? Int ?? 0
            return "\(entry["resource"] as? String ?? "") \(status) \(entry["state"] as? String ?? "")"
        }.sorted()
    }
}

extension LiveLarder {
    /// What is asked with when upstream must not be asked.
    static let onlyIfCached: MessageFields = ["Cache-Control": "only-if-cached"]

    /// Waits until the copy that answers a target is stale, without upstream being asked. Beyond `while_revalidate` there is
    /// no such answer any more.
    func waitUntilStale(_ target: String, _ fields: MessageFields = [:]) throws {
        var fields = fields
        fields["Cache-Control"] = "only-if-cached"
        try eventually("\(target) is stale") {
            let answer = try get(target, fields)
            return answer.status == 504 || answer.cacheStatus.hasPrefix("larder; hit; ttl=-")
        }
    }
}

extension LiveLarder {
    /// Waits until all that is stored is stale, also where an answer made of it is so before.
    func waitUntilNothingIsFresh() throws {
        try eventually("nothing is fresh") {
            let lines = try StatusEntries(of: self).lines
            return !lines.isEmpty && !lines.contains { $0.hasSuffix(" fresh") }
        }
    }
}

extension RawResponse {
    /// `Cache-Status` with `N` for the seconds of a `ttl`, so that it can be compared whatever the time. A negative number
    /// keeps its sign.
    var cacheVerdict: String { cacheStatus.replacing(/ttl=(-?)\d+/) { "ttl=\($0.output.1)N" } }
}
