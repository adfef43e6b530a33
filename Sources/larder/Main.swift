import ArgumentParser
import Daemon

/// Where the process begins.
@main
enum Main {
    static func main() {
        if CommandLine.arguments.dropFirst().first == ServeCommand.configuration.commandName { SignalsAtStart.hold() }
        do {
            var command = try Larder.parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            StandardError.write(failure.message)
            Larder.exit(withError: failure.code)
        } catch {
            let code = Larder.exitCode(for: error)
            // Help and the version come as errors too, and so does an exit code that a command has already explained.
            guard code == .validationFailure else { Larder.exit(withError: error) }
            StandardError.write(Larder.message(for: error) + suggestion)
            Larder.exit(withError: code)
        }
    }

    /// What somebody probably meant whose first word is no command, or where the commands are listed; the parser says what was
    /// meant for flags only.
    private static var suggestion: String {
        guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-") else { return "" }
        let names = Larder.configuration.subcommands.compactMap { $0.configuration.commandName }
        guard !names.contains(word) else { return "" }
        return NearestName.find(word, among: names).map { ". Did you mean '\($0)'?" } ?? ". See 'larder --help'."
    }
}
