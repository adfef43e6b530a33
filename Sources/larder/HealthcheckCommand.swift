import ArgumentParser
import Daemon

/// `larder healthcheck`: asks a running Larder whether it lives.
struct HealthcheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck", abstract: "Ask a running Larder for /healthz: exit 0 if it answers, else 1.")

    @OptionGroup var address: AddressOptions

    func run() throws {
        let address = try address.address
        do throws(ClientFailure) {
            try HealthProbe.run(address)
            print("\(address) is healthy")
        } catch {
            throw Failure(error)
        }
    }
}
