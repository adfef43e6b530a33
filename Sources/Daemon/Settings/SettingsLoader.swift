internal import FoundationEssentials

/// Puts the settings together: flags over the environment over the file over the defaults.
public struct SettingsLoader: Sendable {
    /// What a flag of the command line said, as it was written.
    public struct Flags: Sendable {
        /// `--listen`, as often as it was given.
        public var listen: [String] = []
        /// `--upstream`.
        public var upstream: String?
        /// `--workers`.
        public var workers: String?
        /// `--log-level`.
        public var logLevel: String?
        /// `--state-dir`: whoever names a directory wants it used.
        public var stateDirectory: String?
        /// `--no-state`.
        public var noState = false
        /// `--demo`, of which nothing is kept unless a directory is named.
        public var demo = false

        /// No flag at all.
        public init() {}

        /// Those that were given: the setting, the flag and the text.
        var given: [(name: String, flag: String, text: String)] {
            let listen = listen.isEmpty ? nil : listen.joined(separator: ",")
            let all = [
                ("listen", "--listen", listen), ("upstream.url", "--upstream", upstream),
                ("workers", "--workers", workers), ("log.level", "--log-level", logLevel),
                ("state.dir", "--state-dir", stateDirectory),
                ("state.enabled", "--state-dir", stateDirectory.map { _ in "true" }),
                ("state.enabled", "--demo", demo && stateDirectory == nil ? "false" : nil),
                ("state.enabled", "--no-state", noState ? "false" : nil),
            ]
            return all.compactMap { name, flag, text in text.map { (name, flag, $0) } }
        }
    }

    private let environment: [String: String]
    private let files: any FileReader

    /// A loader for a given environment, which reads files through `files`.
    init(environment: [String: String], files: any FileReader) {
        self.environment = environment
        self.files = files
    }

    /// The loader for this process: its own environment and the file system.
    public init() { self.init(environment: ProcessInfo.processInfo.environment, files: SystemFiles()) }

    /// Reads the file (`config`, or the first default one that exists), the environment and the flags.
    ///
    /// Every layer is checked, also where a higher one overrides it.
    public func load(config: String? = nil, flags: Flags = Flags()) throws(SettingsError) -> LoadedSettings {
        var result = LoadedSettings()
        if let (path, text) = try find(config) {
            result.file = path
            for entry in try SettingsFile(text, path: path).entries {
                guard let setting = SettingsTable.all.first(where: { $0.name == entry.name }) else {
                    throw .unknown(entry.name, entry.origin)
                }
                try result.set(setting, to: entry.value, entry.origin)
            }
        }
        for name in environment.keys.sorted() where Self.isOurs(name) {
            guard let setting = SettingsTable.all.first(where: { $0.environmentName == name }) else {
                throw .unknownVariable(name)
            }
            try result.set(setting, to: .text(environment[name] ?? ""), .environment(name))
        }
        for (name, flag, text) in flags.given {
            guard let setting = SettingsTable.all.first(where: { $0.name == name }) else { continue }
            try result.set(setting, to: .text(text), .flag(flag))
        }
        if result.settings.state.directory == nil {
            result.settings.state.directory = Self.stateDirectory(environment)
        }
        return result
    }

    /// Whether a variable is meant as a setting. `LARDER_URL` is for the commands that ask a running Larder; `LARDER_DATA` and
    /// `LARDER_TEST_...` belong to the tests.
    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix(SettingsTable.environmentPrefix) && name != LarderAddress.variable && name != "LARDER_DATA"
            && !name.hasPrefix("LARDER_TEST_")
    }

    /// Where the state is kept unless the settings say otherwise; nil if there is no home. A relative `XDG_STATE_HOME` is
    /// passed over, as its specification wants.
    static func stateDirectory(_ environment: [String: String]) -> String? {
        // systemd gives a list where a unit asks for several; the first is meant.
        let given = environment["STATE_DIRECTORY"]?.split(separator: ":").first.map(String.init)
        if let given { return given }
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/larder" }
        return environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.local/state/larder" }
    }

    private func find(_ config: String?) throws(SettingsError) -> (path: String, text: String)? {
        for path in config.map({ [$0] }) ?? defaultPaths {
            switch files.read(path) {
            case .text(let text): return (path, text)
            case .missing: continue
            case .unreadable(let reason): throw .unreadable(path, reason)
            }
        }
        if let config { throw .unreadable(config, "no such file") }
        return nil
    }

    /// Where the file is looked for. A relative `XDG_CONFIG_HOME` is passed over, as its specification wants.
    private var defaultPaths: [String] {
        var home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.config" }
        if let own = environment["XDG_CONFIG_HOME"], own.hasPrefix("/") { home = own }
        return (home.map { [$0 + "/larder/larder.toml"] } ?? []) + ["/etc/larder/larder.toml"]
    }
}
