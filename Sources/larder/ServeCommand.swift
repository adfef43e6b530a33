import ArgumentParser
import Daemon
import FoundationEssentials

/// `larder serve`: runs until it is told to end.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the catalogue until SIGTERM or SIGINT.",
        discussion: """
            Every setting of the file can also be given as an environment variable: LARDER_TTL_CATALOG=5m for \
            ttl.catalog. A flag goes over the environment, the environment over the file.
            """)

    @OptionGroup var options: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "Where to accept connections: HOST:PORT or unix:PATH. May be repeated.", valueName: "address"))
    var listen: [String] = []

    @Option(help: ArgumentHelp("The base URL to fetch from.", valueName: "url"))
    var upstream: String?

    @Option(help: ArgumentHelp("Keep the last good copies in this directory.", valueName: "dir"))
    var stateDir: String?

    @Flag(name: .customLong("no-state"), help: "Keep nothing on disk.")
    var noState = false

    @Option(help: ArgumentHelp("The number of event loops, or auto.", valueName: "n"))
    var workers: String?

    @Option(help: ArgumentHelp("The least level that is logged: debug, info, warning, error, ...", valueName: "level"))
    var logLevel: String?

    @Flag(help: "Serve a small built-in catalogue: no key and no network is needed, and nothing is kept on disk.")
    var demo = false

    func validate() throws {
        if noState, stateDir != nil { throw ValidationError("--state-dir and --no-state exclude each other.") }
        guard demo else { return }
        if upstream != nil { throw ValidationError("--demo has an upstream of its own: leave out --upstream.") }
        if stateDir != nil { throw ValidationError("--demo keeps nothing on disk: leave out --state-dir.") }
    }

    func run() throws {
        var flags = SettingsLoader.Flags()
        flags.listen = listen
        flags.upstream = upstream
        flags.workers = workers
        flags.logLevel = logLevel
        flags.stateDirectory = stateDir
        flags.noState = noState
        flags.demo = demo
        let loaded = try options.load(flags)
        let code: Int32
        do {
            code = try serve(
                loaded.settings, demo: demo, environment: ProcessInfo.processInfo.environment,
                reload: { [config = options.config, flags] () throws(SettingsError) in
                    try SettingsLoader().load(config: config, flags: flags).settings
                })
        } catch {
            throw Failure(message: "\(error)", code: .failure)
        }
        throw ExitCode(code)
    }
}
