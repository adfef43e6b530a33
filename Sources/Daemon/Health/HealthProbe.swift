import Upstream

/// Asks a running Larder whether it lives, as `larder healthcheck` does.
public enum HealthProbe {
    /// How long an answer may take, in milliseconds: less than the usual limit of whoever asks.
    private static let patience = 3_000

    /// Asks for `/healthz`, never by way of a proxy, and waits for the answer.
    public static func run(_ address: LarderAddress) throws(ClientFailure) {
        let response = try LarderClient.ask(address, "/healthz", timeout: patience)
        guard response.status == 200 else {
            throw ClientFailure("\(address) is not healthy: it answered \(response.status)")
        }
    }
}
