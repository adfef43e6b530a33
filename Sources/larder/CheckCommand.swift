import ArgumentParser
import Daemon

/// `larder check`: shows what the settings come to, or what is wrong with them.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the settings and print those in effect, each with its origin.",
        discussion: "The exit code is 0 for good settings and 78 for bad ones. No secret is printed.")

    @OptionGroup var options: SettingsOptions

    func run() throws {
        print(try options.load().toml, terminator: "")
    }
}
