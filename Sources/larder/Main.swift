import ArgumentParser
import Bytes
import CBuild
import Commands
import Daemon
import FoundationEssentials
import Settings

/// Where the process begins.
@main
enum Main {
    static func main() {
        StandardDescriptors.fill()
        if CommandLine.arguments.dropFirst().first == ServeCommand.configuration.commandName { SignalsAtStart.hold() }
        do {
            var command = try Larder.parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            StandardError.write(failure.message)
            reportFailedStart(failure.message, environment: ProcessInfo.processInfo.environment)
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

/// The command line: the server, and the commands that ask a running one.
struct Larder: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "larder",
        abstract: "A local caching proxy for OpenRouter's model catalogue.",
        discussion: """
            EXAMPLES:
              larder serve --demo                         try it: no key, no network
              larder serve                                in front of openrouter.ai
              larder models --max-price 1 --sort newest   list the models of a running Larder
              larder doctor                               find what keeps it from working
            """,
        version: "larder \(BuildVersion.text)",
        subcommands: [
            ServeCommand.self, CheckCommand.self, ModelsCommand.self, StatusCommand.self, PurgeCommand.self,
            ReloadCommand.self, UpgradeCommand.self, DoctorCommand.self, SupportBundleCommand.self,
            HealthcheckCommand.self, ChangesCommand.self, HistoryCommand.self, LockCommand.self,
        ])
}

/// Why a command ends without having done its work: a line for standard error, and the exit code.
struct Failure: Error {
    let message: String
    let code: ExitCode
}

extension ExitCode {
    /// The settings are invalid (`EX_CONFIG` of sysexits.h).
    static let badSettings = ExitCode(78)
}

extension Failure {
    /// A running Larder could not be asked, or would not answer.
    init(_ failure: ClientFailure) { self.init(message: failure.description, code: .failure) }
}

/// What `larder --version` prints: the release, and what this program was built from.
enum BuildVersion {
    /// `0.2.0 (a1b2c3d, Swift 6.3)`; without the commit if the build was not told of one.
    static var text: String {
        let parts = [commit(larder_commit), "Swift \(compiler)"].compactMap(\.self)
        return "\(version) (\(parts.joined(separator: ", ")))"
    }

    /// A commit's first seven digits; nil for a negative number.
    private static func commit(_ number: Int32) -> String? {
        guard number >= 0 else { return nil }
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: max(0, 7 - digits.count)) + digits
    }

    private static var compiler: String {
        #if compiler(>=6.5)
            "6.5 or newer"
        #elseif compiler(>=6.4)
            "6.4"
        #elseif compiler(>=6.3)
            "6.3"
        #else
            "6.2"
        #endif
    }
}
