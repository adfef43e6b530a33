import ArgumentParser
import Daemon

/// The command line: `larder serve`, `larder check` and `larder healthcheck`.
struct Larder: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "larder",
        abstract: "A local caching proxy for OpenRouter's catalogue of models.",
        version: "larder \(version)",
        subcommands: [ServeCommand.self, CheckCommand.self, HealthcheckCommand.self])
}
