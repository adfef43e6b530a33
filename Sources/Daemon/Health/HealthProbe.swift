import EventLoop
import Upstream

/// Asks a running Larder whether it lives, as `larder healthcheck` does.
public enum HealthProbe {
    /// Why a Larder is not healthy.
    public struct Failure: Error, CustomStringConvertible {
        /// A few words for a person.
        public let description: String
    }

    /// How long an answer may take, in milliseconds: less than the usual limit of whoever asks.
    private static let patience = 3_000

    /// Asks for `/healthz` at a base URL such as `http://127.0.0.1:5273`, never by way of a proxy, and waits for the answer.
    public static func run(url: String) -> Result<Void, Failure> {
        var base = url[...]
        while base.hasSuffix("/") { base.removeLast() }
        var settings = UpstreamSettings(userAgent: "larder/\(version)")
        settings.connectTimeout = patience
        settings.timeout = patience
        settings.proxy = ""
        let loop = Loop()
        var result = Result<Void, Failure>.failure(Failure(description: "no answer"))
        do throws(UpstreamError) {
            let client = try UpstreamClient(on: loop, settings: settings)
            _ = client.fetch(FetchRequest(url: base + "/healthz")) { answer in
                switch answer {
                case .success(let response) where response.status == 200: result = .success(())
                case .success(let response): result = .failure(Failure(description: "it answered \(response.status)"))
                case .failure(let failure): result = .failure(Failure(description: failure.message))
                }
                client.close()
            }
            loop.run()
        } catch {
            result = .failure(Failure(description: error.description))
        }
        loop.close()
        return result
    }
}
