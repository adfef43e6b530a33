import ArgumentParser
import Daemon

/// The command line: the server, and the commands that ask a running one.
struct Larder: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "larder",
        abstract: "A local caching proxy for OpenRouter's catalogue of models.",
        discussion: """
            EXAMPLES:
              larder serve --demo                         try it: no key, no network
              larder serve                                in front of openrouter.ai
              larder models --max-price 1 --sort newest   what a running Larder lists
              larder doctor                               what keeps it from working
            """,
        version: "larder \(version)",
        subcommands: [
            ServeCommand.self, CheckCommand.self, ModelsCommand.self, StatusCommand.self, PurgeCommand.self,
            DoctorCommand.self, HealthcheckCommand.self,
        ])
}
