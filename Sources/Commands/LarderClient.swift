internal import Bytes
package import EventLoop
import Fetching
package import HTTPClient
import JSONDocument
public import Settings

/// Asks a running Larder, on a loop, and never by way of a proxy.
package final class LarderClient {
    package typealias Answer = Result<FetchedResponse, ClientFailure>

    private let address: LarderAddress
    private let client: UpstreamClient

    /// How long it may take to connect, in milliseconds.
    package static let patience = 3_000

    /// A client, which must be closed before its loop is. An answer may take `timeout` milliseconds; one that must be
    /// fetched from upstream takes as long as the settings of that Larder allow.
    package init(on loop: Loop, _ address: LarderAddress, timeout: Int = 60_000) throws(ClientFailure) {
        self.address = address
        var settings = UpstreamSettings(userAgent: "larder/\(version)")
        settings.connectTimeout = min(timeout, Self.patience)
        settings.timeout = timeout
        settings.maximumBody = Self.mostBody
        settings.proxy = ""
        settings.unixSocket = address.unixSocket
        do {
            client = try UpstreamClient(on: loop, settings: settings)
        } catch {
            throw ClientFailure(error.description)
        }
    }

    /// Asks for a path, and calls `done` once, later.
    package func send(
        _ path: String, method: FetchRequest.Method = .get, fields: [(name: String, value: String)] = [],
        _ done: @escaping (Answer) -> Void
    ) {
        let accepted = ("Accept-Encoding", FetchedResponse.acceptedCodings)
        var request = FetchRequest(url: address.url(of: path), fields: fields + [accepted])
        request.method = method
        client.fetch(request) { [address] result in
            done(result.flatMap(Self.decoded).mapError { ClientFailure($0, at: address) })
        }
    }

    private static func decoded(_ response: FetchedResponse) -> Result<FetchedResponse, FetchFailure> {
        Result { () throws(CodingProblem) in try response.decoded(limit: mostBody) }.mapError { .malformed($0.message) }
    }

    /// The largest body that is taken, in bytes.
    private static let mostBody = 256 << 20

    /// Cancels pending requests, and closes the connections.
    package func close() { client.close() }

    /// Asks once and waits for the answer, whatever its status.
    package static func ask(
        _ address: LarderAddress, _ path: String, method: FetchRequest.Method = .get,
        fields: [(name: String, value: String)] = [], timeout: Int = 60_000
    ) throws(ClientFailure) -> FetchedResponse {
        let loop = Loop()
        defer { loop.close() }
        let client = try LarderClient(on: loop, address, timeout: timeout)
        var answer = Answer.failure(ClientFailure("\(address): no answer", isSilent: true))
        client.send(path, method: method, fields: fields) {
            answer = $0
            client.close()
        }
        loop.run()
        return try answer.get()
    }

    /// The same, but any answer other than 200 is a failure with the answer's own message.
    static func askSuccessfully(
        _ address: LarderAddress, _ path: String, method: FetchRequest.Method = .get,
        fields: [(name: String, value: String)] = []
    ) throws(ClientFailure) -> FetchedResponse {
        let response = try ask(address, path, method: method, fields: fields)
        guard response.status == 200 else { throw ClientFailure(response, at: address) }
        return response
    }
}

/// Why a request to a running Larder failed: one line for a person.
public struct ClientFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// The line.
    public let description: String

    /// Whether there was no answer at all.
    let isSilent: Bool

    /// Whether asking elsewhere is of no use: the request itself is at fault.
    private(set) var isRefusal = false

    /// The same failure, for which the request itself is at fault.
    var refusing: ClientFailure {
        var failure = self
        failure.isRefusal = true
        return failure
    }

    /// A failure in one line. `isSilent`: there was no answer at all.
    public init(_ description: String, isSilent: Bool = false) {
        self.description = description
        self.isSilent = isSilent
    }

    /// There was no answer from an address.
    package init(_ failure: FetchFailure, at address: LarderAddress) {
        let why =
            switch failure {
            case .unreachable, .nameNotResolved:
                "no Larder answers there; start one with `larder serve`, or give its address with --url"
            case .timeout(let phase): "it took too long: \(phase.rawValue)"
            case .tls(let why), .cut(let why), .malformed(let why), .other(let why): why
            case .redirectElsewhere, .tooManyRedirects: "it redirects elsewhere, so it is not a Larder"
            case .tooLarge, .noRoom, .cancelled: failure.message
            }
        self.init("\(address): \(why)", isSilent: true)
    }

    /// The answer is a refusal: its own message, else its status.
    package init(_ response: FetchedResponse, at address: LarderAddress) {
        if let message = ErrorBody.message(response.body) {
            self.init(DisplayText.printable(message))
        } else {
            self.init("\(address) answered \(response.status)")
        }
    }
}

/// The body of an error: `{"error":{"code":400,"message":"..."}}`.
enum ErrorBody {
    /// The message, if the body has that form.
    static func message(_ body: SharedBytes) -> String? {
        guard let document = try? JSONDocument(parsing: body.span) else { return nil }
        return document.root["error"]?["message"]?.string
    }

    /// The same for an error of upstream's, which is to be shown to others. A message that may name a user or an
    /// organization of OpenRouter's is left out: reports of `larder doctor` are pasted into issues.
    static func shareableMessage(_ body: SharedBytes) -> String? {
        guard let message = message(body) else { return nil }
        // Not by characters: an underscore and a combining mark after it are one character, which is no underscore.
        let text = message.lowercased().unicodeScalars
        let isPrivate = text.contains("user_".unicodeScalars) || text.contains("org_".unicodeScalars)
        return isPrivate ? nil : message
    }
}

/// Checks that a running Larder answers, as `larder healthcheck` does.
public enum HealthProbe {
    /// How long an answer may take, in milliseconds: less than the usual time limit of a health check.
    private static let patience = 3_000

    /// Asks for `/healthz`, or for `/readyz` if it must also be ready to serve; never by way of a proxy. Waits for the
    /// answer.
    public static func run(_ address: LarderAddress, isReady: Bool = false) throws(ClientFailure) {
        let response = try LarderClient.ask(address, isReady ? "/readyz" : "/healthz", timeout: patience)
        guard response.status != 200 else { return }
        let document = try? JSONDocument(parsing: response.body.span)
        let reason = document?.root["status"]?.string.map { ", \(DisplayText.printable($0))" } ?? ""
        throw ClientFailure(
            "\(address) is not \(isReady ? "ready" : "healthy"): it answered \(response.status)\(reason)")
    }
}

/// Purges the cache of a running Larder, as `larder purge` does.
public enum CachePurge {
    /// What to purge.
    public enum Target: Sendable, Equatable {
        /// The catalogue.
        case catalog
        /// What was kept for the key of a fingerprint.
        case key(String)
        /// Everything.
        case all

        package var query: String {
            switch self {
            case .catalog: "catalog=1"
            case .key(let fingerprint): QueryText.query([("key", fingerprint)])
            case .all: "all=1"
            }
        }
    }

    /// Whether a text has the form of a key's fingerprint: 8 hex digits in lower case, or `no key`.
    public static func isFingerprint(_ text: String) -> Bool {
        if text == "no key" { return true }
        return isHexadecimal(text)
    }

    private static func isHexadecimal(_ text: String) -> Bool {
        text.utf8.count == 8 && text.utf8.allSatisfy { Array("0123456789abcdef".utf8).contains($0) }
    }

    /// Sends the request; returns a sentence with the result.
    public static func run(_ address: LarderAddress, _ target: Target) throws(ClientFailure) -> String {
        let response = try LarderClient.askSuccessfully(address, "/_larder/purge?\(target.query)", method: .post)
        guard let document = try? JSONDocument(parsing: response.body.span),
            let count = document.root["purged"]?.rawNumber.flatMap({ Int($0) })
        else { throw ClientFailure("\(address) did not say how many copies it deleted: is it a Larder?") }
        let text = count == 1 ? "deleted 1 copy" : "deleted \(count) copies"
        guard let replicas = document.root["replicas"],
            let confirmed = replicas["confirmed"]?.rawNumber.flatMap({ Int($0) })
        else { return text }
        guard let all = replicas["of"]?.rawNumber.flatMap({ Int($0) }) else {
            return text + " here; the fleet's engine cannot be reached, and the other replicas follow when it can"
        }
        return text + "; it has reached \(confirmed) of \(all) replicas"
    }
}
