import EventLoop
import Upstream

/// Asks a running Larder, on a loop, and never by way of a proxy.
final class LarderClient {
    typealias Answer = Result<FetchedResponse, ClientFailure>

    private let address: LarderAddress
    private let client: UpstreamClient

    /// How long it may take to connect, in milliseconds.
    static let patience = 3_000

    /// A client, which must be closed before its loop is. An answer may take `timeout` milliseconds; one that has to be
    /// fetched from upstream takes as long as the settings of the Larder that is asked allow.
    init(on loop: Loop, _ address: LarderAddress, timeout: Int = 60_000) throws(ClientFailure) {
        self.address = address
        var settings = UpstreamSettings(userAgent: "larder/\(version)")
        settings.connectTimeout = min(timeout, Self.patience)
        settings.timeout = timeout
        settings.maximumBody = 256 << 20
        settings.proxy = ""
        settings.unixSocket = address.unixSocket
        do {
            client = try UpstreamClient(on: loop, settings: settings)
        } catch {
            throw ClientFailure(error.description)
        }
    }

    /// Asks for a path, and calls `done` once, later.
    func send(
        _ path: String, method: FetchRequest.Method = .get, fields: [(name: String, value: String)] = [],
        _ done: @escaping (Answer) -> Void
    ) {
        var request = FetchRequest(url: address.url(of: path), fields: fields)
        request.method = method
        client.fetch(request) { [address] result in
            done(result.mapError { ClientFailure($0, at: address) })
        }
    }

    /// Gives up what is under way, and closes the connections.
    func close() { client.close() }

    /// Asks once and waits for the answer, whatever its status.
    static func ask(
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
