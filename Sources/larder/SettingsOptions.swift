import ArgumentParser
import Daemon

/// The flag that names the file of settings, and how a fault in the settings ends a command.
struct SettingsOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The file of settings. By default $XDG_CONFIG_HOME/larder/larder.toml (or ~/.config/...), else "
                + "/etc/larder/larder.toml.", valueName: "file"))
    var config: String?

    func load(_ flags: SettingsLoader.Flags = SettingsLoader.Flags()) throws -> LoadedSettings {
        do {
            return try SettingsLoader().load(config: config, flags: flags)
        } catch {
            throw Failure(message: error.description, code: .badSettings)
        }
    }
}
