import Bytes
public import Catalog
import CatalogJSON
import EventLoop
import Fetching
import HTTPClient
public import Settings

/// Where `larder lock` gets the catalogue: from a running Larder, else from the state directory, else from upstream.
public struct LockSource {
    /// The running Larder.
    public var address: LarderAddress
    /// The settings, which name the state directory and upstream. Read only if no Larder answers.
    public var settings: () throws -> Settings
    /// Reads the catalogue in the state directory; nil if there is none that could still be served.
    public var stored: (Settings) throws -> Snapshot?

    /// The three places.
    public init(
        _ address: LarderAddress, settings: @escaping () throws -> Settings,
        stored: @escaping (Settings) throws -> Snapshot?
    ) {
        self.address = address
        self.settings = settings
        self.stored = stored
    }

    /// A catalogue, and where it is from.
    public struct Found {
        /// The catalogue.
        public let catalogue: Snapshot
        /// Its rows that answer the query.
        public let rows: [Int]
        /// Where it is from, for people.
        public let place: String
    }

    /// The rows that a query selects. Throws one line that says why each place did not have it.
    public func find(_ parameters: [(name: String, value: String)]) throws(ClientFailure) -> Found {
        var problems: [String] = []
        do throws(ClientFailure) {
            return try ask(parameters)
        } catch {
            // It answered, and the answer is about the query.
            if error.isRefusal { throw error }
            problems.append(error.description)
        }
        let settings: Settings
        do {
            settings = try self.settings()
        } catch {
            throw ClientFailure("\(problems[0]); \(error)")
        }
        if settings.state.enabled, let directory = settings.state.directory {
            do {
                if let catalogue = try stored(settings) {
                    return try select(parameters, of: catalogue, "the state directory \(directory)")
                }
                problems.append("\(directory) has no catalogue that could still be served")
            } catch let error as ClientFailure {
                throw error
            } catch {
                problems.append("\(error)")
            }
        }
        do throws(ClientFailure) {
            return try select(parameters, of: try fetch(settings), URLText.masked(settings.upstream.url))
        } catch {
            if error.isRefusal { throw error }
            throw ClientFailure((problems + [error.description]).joined(separator: "; "))
        }
    }

    private func ask(_ parameters: [(name: String, value: String)]) throws(ClientFailure) -> Found {
        let query = parameters.isEmpty ? "" : "?" + QueryText.query(parameters)
        let response = try LarderClient.ask(address, "/api/v1/models" + query)
        guard response.status == 200 else {
            let failure = ClientFailure(response, at: address)
            throw response.status == 400 ? failure.refusing : failure
        }
        do throws(CatalogError) {
            let catalogue = try CatalogReader.read(response.body.span)
            return Found(catalogue: catalogue, rows: Array(0..<catalogue.count), place: "\(address)")
        } catch .empty {
            return Found(catalogue: SnapshotBuilder().finish(), rows: [], place: "\(address)")
        } catch {
            throw ClientFailure("\(address): \(error)")
        }
    }

    private func select(
        _ parameters: [(name: String, value: String)], of catalogue: Snapshot, _ place: String
    ) throws(ClientFailure) -> Found {
        let query = Array(QueryText.query(parameters).utf8)
        switch QueryParser.parse(query.span) {
        case .invalid(let problem): throw ClientFailure(problem.message).refusing
        case .forward:
            throw ClientFailure("only a running Larder can answer this query, and \(address) does not").refusing
        case .local(let query):
            let rows = catalogue.select(query, now: Loop.wallSeconds).rows.map { Int($0) }
            return Found(catalogue: catalogue, rows: rows, place: place)
        }
    }

    private func fetch(_ settings: Settings) throws(ClientFailure) -> Snapshot {
        let url = settings.upstream.url + "/models?output_modalities=all"
        let shown = URLText.masked(settings.upstream.url)
        let loop = Loop()
        defer { loop.close() }
        var answer: Result<FetchedResponse, FetchFailure> = .failure(.cancelled)
        do {
            let client = try UpstreamClient(on: loop, settings: UpstreamSettings(settings))
            let accepted = ("Accept-Encoding", FetchedResponse.acceptedCodings)
            client.fetch(FetchRequest(url: url, fields: [accepted])) { result in
                answer = result
                client.close()
            }
        } catch {
            throw ClientFailure("\(shown): \(error.description)")
        }
        loop.run()
        let response: FetchedResponse
        do throws(FetchFailure) {
            response = try answer.get()
        } catch {
            throw ClientFailure("\(shown): \(error.message)")
        }
        guard response.status == 200 else { throw ClientFailure("\(shown) answered \(response.status)") }
        do {
            let body = try response.decoded(limit: Self.mostBody).body
            return try CatalogReader.read(body.span)
        } catch {
            throw ClientFailure("\(shown): the answer is unusable: \(error)")
        }
    }

    /// The largest body that is taken, in bytes.
    private static let mostBody = 64 << 20
}

extension UpstreamSettings {
    /// The connection to upstream that the settings describe.
    init(_ settings: Settings) {
        self.init(userAgent: "larder/\(version)")
        connectTimeout = Int(settings.upstream.connectTimeout.milliseconds)
        timeout = Int(settings.upstream.timeout.milliseconds)
        caFile = settings.upstream.caFile
        proxy = settings.upstream.proxy
    }
}
