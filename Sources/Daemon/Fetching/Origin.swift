import Bytes
import EventLoop
import HTTPCore
import Serving
import Upstream

/// Where a shard fetches from: the upstream of the settings, or the one built into the binary.
enum Origin {
    case network(UpstreamClient, base: String)
    case demo(Loop)

    /// The one that the settings name. It throws if they cannot be used, such as a CA bundle that cannot be read.
    init(on loop: Loop, _ settings: ShardSettings) throws(UpstreamError) {
        if settings.isDemo {
            self = .demo(loop)
        } else {
            self = .network(try UpstreamClient(on: loop, settings: settings.upstream), base: settings.upstreamURL)
        }
    }

    /// Asks for a path and query below the base, with the caller's `Authorization` if there is one, and whether it is still
    /// what these validators stand for. `done` is called on the
    /// loop, later, and exactly once.
    func fetch(
        _ target: String, authorization: SharedBytes?, validators: Received? = nil,
        done: @escaping (Result<FetchedResponse, FetchFailure>) -> Void
    ) {
        switch self {
        case .network(let client, let base):
            var fields: [(name: String, value: String)] = [("Accept", "application/json")]
            if let authorization { fields.append(("Authorization", authorization.span.text())) }
            if let tag = validators?.entityTag { fields.append(("If-None-Match", tag)) }
            if let date = validators?.lastModified { fields.append(("If-Modified-Since", date)) }
            client.fetch(FetchRequest(url: base + target, fields: fields), done)
        case .demo(let loop):
            let key = authorization.map { $0.span.text() }
            loop.offload {
                DemoUpstream.respond(to: target, authorization: key)
            } then: {
                done(.success($0))
            }
        }
    }

    /// Ends what is under way and lets the loop close.
    func close() {
        if case .network(let client, _) = self { client.close() }
    }
}
