@testable import Settings

/// Files that exist in a test alone.
struct MadeUpFiles: FileReader {
    var texts: [String: String] = [:]
    var unreadable: [String: String] = [:]

    func read(_ path: String) -> FileText {
        if let reason = unreadable[path] { return .unreadable(reason) }
        return texts[path].map { .text($0) } ?? .missing
    }
}

/// What comes of a file named `larder.toml` with this text, an environment and flags.
func loaded(
    _ text: String = "", environment: [String: String] = [:], flags: SettingsLoader.Flags = SettingsLoader.Flags()
) throws(SettingsError) -> LoadedSettings {
    let loader = SettingsLoader(environment: environment, files: MadeUpFiles(texts: ["larder.toml": text]))
    return try loader.load(config: "larder.toml", flags: flags)
}

/// The message of the error that loading ends with, or nil when it succeeds.
func fault(
    _ text: String = "", environment: [String: String] = [:], flags: SettingsLoader.Flags = SettingsLoader.Flags()
) -> String? {
    do {
        _ = try loaded(text, environment: environment, flags: flags)
        return nil
    } catch {
        return error.description
    }
}
