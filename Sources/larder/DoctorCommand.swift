import ArgumentParser
import Daemon
import FoundationEssentials

/// `larder doctor`: looks for what keeps Larder from working.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look for what keeps Larder from working here, and say what to do about it.",
        discussion: """
            One line each for the settings, the addresses, the directory of state, the way to upstream and the clock: ok, \
            warn, fail, or skip where an earlier failure hides it or nothing is asked for. The exit code is 1 if anything fails.
            """)

    @OptionGroup var options: SettingsOptions

    @Flag(
        help: "Also try the key in the environment variable OPENROUTER_API_KEY; it is never shown.")
    var keyFromEnv = false

    func run() throws {
        let findings = Doctor.findings(config: options.config, key: try key())
        let style = TerminalStyle.ofStandardOutput
        for finding in findings { print(finding.line(style)) }
        if findings.contains(where: { $0.verdict == .fail }) { throw ExitCode.failure }
    }

    private func key() throws -> String? {
        guard keyFromEnv else { return nil }
        if let key = ProcessInfo.processInfo.environment["OPENROUTER_API_KEY"], !key.isEmpty { return key }
        throw Failure(
            message: "--key-from-env needs a key in the environment variable OPENROUTER_API_KEY", code: .failure)
    }
}
