internal import EventLoop
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
        /// `--state-dir`: naming a directory also turns the state on.
        public var stateDirectory: String?
        /// `--no-state`.
        public var noState = false
        /// `--demo`, which keeps no state unless a directory is named.
        public var demo = false

        /// No flag at all.
        public init() {}

        /// Those that were given: the setting, the flag and the text.
        package var given: [(name: String, flag: String, text: String)] {
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
    package init(environment: [String: String], files: any FileReader) {
        self.environment = environment
        self.files = files
    }

    /// The loader for this process: its own environment and the file system.
    public init() { self.init(environment: ProcessInfo.processInfo.environment, files: SystemFiles()) }

    /// Reads the file (`config`, or the first default one that exists), the environment and the flags.
    ///
    /// Every layer is checked, also where a higher one overrides it.
    public func load(config: String? = nil, flags: Flags = Flags()) throws(SettingsError) -> LoadedSettings {
        let (loaded, mistakes) = check(config: config, flags: flags)
        if let first = mistakes.first { throw first }
        return loaded
    }

    /// The same, with every mistake instead of the first. The settings have defaults in place of what is wrong.
    public func check(config: String? = nil, flags: Flags = Flags()) -> (LoadedSettings, mistakes: [SettingsError]) {
        var result = LoadedSettings()
        var mistakes: [SettingsError] = []
        func attempt(_ body: () throws(SettingsError) -> Void) {
            do throws(SettingsError) { try body() } catch { mistakes.append(error) }
        }
        attempt { () throws(SettingsError) in
            guard let (path, text) = try find(config) else { return }
            result.file = path
            for entry in try SettingsFile(text, path: path).entries {
                attempt { () throws(SettingsError) in
                    guard let setting = try ViewSettings.find(entry.name, entry.origin) else {
                        throw .unknown(entry.name, entry.origin)
                    }
                    try result.set(setting, to: entry.value, entry.origin)
                }
            }
        }
        for name in environment.keys.sorted() where Self.isOurs(name) {
            attempt { () throws(SettingsError) in
                guard let setting = try ViewSettings.find(variable: name, known: result.settings.views.names) else {
                    if KubernetesVariable.isOne(name, environment[name] ?? "") { return }
                    throw .unknownVariable(name)
                }
                try result.set(setting, to: .text(environment[name] ?? ""), .environment(name))
            }
        }
        for (name, flag, text) in flags.given {
            guard let setting = SettingsTable.all.first(where: { $0.name == name }) else { continue }
            attempt { () throws(SettingsError) in try result.set(setting, to: .text(text), .flag(flag)) }
        }
        attempt { () throws(SettingsError) in try ViewSettings.check(result) }
        if result.settings.state.directory == nil {
            result.settings.state.directory = Self.stateDirectory(environment)
        }
        let settings = result.settings
        if let problem = settings.fleet.problem { mistakes.append(SettingsError(description: problem)) }
        // A proxy takes its own route; the demo has another upstream.
        if !flags.demo, settings.upstream.proxy == nil,
            let listener = OwnListener.reached(
                by: settings.upstream.url, among: settings.listen + settings.admin.listen,
                machineNames: machineNames(), machineAddresses: interfaceAddresses())
        {
            mistakes.append(.upstreamIsSelf(settings.upstream.url, result.origin(of: "upstream.url"), listener))
        }
        if let shared = settings.admin.listen.first(where: { own in settings.listen.contains { $0.overlaps(own) } }) {
            mistakes.append(.adminIsListener(shared, result.origin(of: "admin.listen")))
        }
        return (result, mistakes)
    }

    /// Whether a variable is meant as a setting. `LARDER_URL` is for the commands that ask a running Larder; `LARDER_DATA` and
    /// `LARDER_TEST_...` belong to the tests.
    private static func isOurs(_ name: String) -> Bool {
        name.hasPrefix(SettingsTable.environmentPrefix) && name != LarderAddress.variable && name != "LARDER_DATA"
            && !name.hasPrefix("LARDER_TEST_")
    }

    /// Where the state is kept unless the settings say otherwise; nil if there is no home. A relative `XDG_STATE_HOME`
    /// is ignored, as its specification requires.
    package static func stateDirectory(_ environment: [String: String]) -> String? {
        // systemd gives a list if a unit configures several directories; the first one is used.
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

    /// Where the file is looked for. A relative `XDG_CONFIG_HOME` is ignored, as its specification requires.
    private var defaultPaths: [String] {
        var home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 + "/.config" }
        if let own = environment["XDG_CONFIG_HOME"], own.hasPrefix("/") { home = own }
        return (home.map { [$0 + "/larder/larder.toml"] } ?? []) + ["/etc/larder/larder.toml"]
    }
}

/// The environment variables that Kubernetes gives the containers of a namespace for each Service in it. A Service called `larder`,
/// or `larder-` and more, has names that begin like those of settings.
package enum KubernetesVariable {
    private static let transports = ["TCP", "UDP", "SCTP"]

    /// Whether a variable whose name begins with `LARDER_` is one of them, by its name and, where the name alone could
    /// be a mistake, by its value: `LARDER_PORT=tcp://10.0.0.1:5273` is, `LARDER_PORT=5273` is not.
    package static func isOne(_ name: String, _ value: String) -> Bool {
        let words = name.split(separator: "_", omittingEmptySubsequences: false).dropFirst()
        if words.last == "PORT", isAddress(value) { return true }
        return words.indices.contains { isService(words[$0...]) || isNumbered(words[$0...]) }
    }

    /// `SERVICE_HOST`, `SERVICE_PORT`, and `SERVICE_PORT_HTTP` for a port that has a name.
    private static func isService(_ words: ArraySlice<Substring>) -> Bool {
        guard words.count >= 2, words.first == "SERVICE" else { return false }
        let kind = words[words.startIndex + 1]
        return kind == "PORT" || kind == "HOST" && words.count == 2
    }

    /// `PORT_5273_TCP`, `PORT_5273_TCP_ADDR`, `..._PORT` and `..._PROTO`.
    private static func isNumbered(_ words: ArraySlice<Substring>) -> Bool {
        guard words.first == "PORT", case let rest = words.dropFirst(), (2...3).contains(rest.count),
            let number = rest.first, !number.isEmpty, number.allSatisfy({ $0.isASCII && $0.isNumber }),
            transports.contains(String(rest[rest.startIndex + 1]))
        else { return false }
        return rest.count == 2 || ["ADDR", "PORT", "PROTO"].contains(rest.last)
    }

    /// `tcp://10.0.0.1:5273`
    private static func isAddress(_ value: String) -> Bool {
        transports.contains { value.hasPrefix($0.lowercased() + "://") }
    }
}
