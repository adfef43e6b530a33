import ArgumentParser
import Daemon

/// `larder healthcheck`: asks a running Larder whether it lives.
struct HealthcheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck", abstract: "Ask a running Larder for /healthz: exit 0 if it answers, else 1.")

    @Option(help: ArgumentHelp("Where it listens.", valueName: "url"))
    var url = "http://127.0.0.1:5273"

    func run() throws {
        switch HealthProbe.run(url: url) {
        case .success: print("\(url) is healthy")
        case .failure(let failure): throw Failure(message: "\(url) is not healthy: \(failure)", code: .failure)
        }
    }
}
