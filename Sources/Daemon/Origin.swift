package import Bytes
import Demo
package import EventLoop
import Fetching
package import HTTPClient
import HTTPCore
package import Serving

/// Where a shard fetches from: the upstream of the settings, or the one built into the binary.
package enum Origin {
    case network(UpstreamClient, base: String)
    case demo(Loop)

    /// The origin that the settings name. Throws if it cannot be used, for example because a CA bundle cannot be read.
    package init(on loop: Loop, _ settings: ShardSettings) throws(UpstreamError) {
        if settings.source.isDemo {
            self = .demo(loop)
        } else {
            self = .network(try UpstreamClient(on: loop, settings: settings.source.client), base: settings.source.url)
        }
    }

    /// The URL of a path and query below the base; for the built-in upstream, the path and query unchanged.
    package func url(of target: String) -> String {
        switch self {
        case .network(_, let base): base + target
        case .demo: target
        }
    }

    /// Fetches a URL of upstream's origin with the caller's `Authorization` if there is one, this value of `Via`, and
    /// the validators of the stored copy. `timeout` in milliseconds may be shorter than that of the settings.
    /// `mayReceive` returns whether there is room for a body of so many bytes. `done` is called on the loop, later, and
    /// exactly once; the body is still coded.
    package func fetch(
        url: String, authorization: SharedBytes?, via: [UInt8], validators: ResponseMetadata? = nil,
        timeout: Int? = nil, mayReceive: @escaping (Int) -> Bool,
        done: @escaping (Result<FetchedResponse, FetchFailure>) -> Void
    ) {
        switch self {
        case .network(let client, _):
            var fields: [(name: String, value: String)] = [
                ("Accept", "application/json"), ("Accept-Encoding", FetchedResponse.acceptedCodings),
                ("Via", via.span.text()),
            ]
            if let tag = validators?.entityTag, tag.isAsReceived { fields.append(("If-None-Match", tag)) }
            if let date = validators?.lastModified, date.isAsReceived { fields.append(("If-Modified-Since", date)) }
            var request = FetchRequest(url: url, fields: fields)
            request.authorization = authorization
            request.timeout = timeout
            client.fetch(request, mayReceive: mayReceive, done)
        case .demo(let loop):
            let key = authorization.map { $0.span.text() }
            loop.offload {
                DemoUpstream.respond(to: url, authorization: key)
            } then: {
                done(.success($0))
            }
        }
    }

    /// Ends all fetches in flight and lets the loop close.
    package func close() {
        if case .network(let client, _) = self { client.close() }
    }
}

/// The origin in use, and the clients of earlier settings that still have exchanges in progress.
struct Origins {
    private(set) var current: Origin
    private var retired: [UpstreamClient] = []

    /// The origin of the settings. Throws if it cannot be used.
    init(on loop: Loop, _ settings: ShardSettings) throws(UpstreamError) { current = try Origin(on: loop, settings) }

    /// Uses the new settings for further fetches; exchanges in progress go on. A file of certificates is read again each
    /// time, since its contents may have changed.
    mutating func renew(on loop: Loop, _ settings: ShardSettings) throws(UpstreamError) {
        guard case .network(let client, _) = current else { return }
        current = try Origin(on: loop, settings)
        retired.append(client)
        closeRetired()
    }

    /// Closes the clients that have no exchanges left.
    mutating func closeRetired() {
        guard !retired.isEmpty else { return }
        retired.removeAll { client in
            guard client.fetchesUnderWay == 0, client.streamsUnderWay == 0 else { return false }
            client.close()
            return true
        }
    }

    /// Ends all fetches in flight and lets the loop close.
    func close() {
        current.close()
        for client in retired { client.close() }
    }
}

extension String {
    /// Whether a field's value was UTF-8. If it was not, replacement characters stand in for the original bytes, and
    /// upstream would not recognize it.
    fileprivate var isAsReceived: Bool { !unicodeScalars.contains("\u{FFFD}") }
}

extension DemoUpstream {
    /// The built-in answer to a path and query below the base, in the form of a real fetch's response.
    static func respond(to target: String, authorization: String?) -> FetchedResponse {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let answer = answer(
            path: String(parts[0]), query: parts.count > 1 ? String(parts[1]) : "", authorization: authorization)
        return FetchedResponse(
            status: answer.status, fields: answer.fields.map { (name: $0.0.lowercased(), value: $0.1) },
            body: SharedBytes(answer.body), duration: .zero)
    }
}
