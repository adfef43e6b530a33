import ArgumentParser
import Daemon
import FoundationEssentials
import Settings

/// `larder serve`: runs until SIGTERM or SIGINT.
struct ServeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serve the catalogue until SIGTERM or SIGINT.",
        discussion: """
            Every setting in the file can also be set as an environment variable: LARDER_TTL_CATALOG=5m for \
            ttl.catalog. Flags override environment variables, and these override the file.
            """)

    @OptionGroup var options: SettingsOptions

    @Option(
        help: ArgumentHelp(
            "Where to accept connections: HOST:PORT or unix:PATH. May be repeated.", valueName: "address"))
    var listen: [String] = []

    @Option(help: ArgumentHelp("Base URL of upstream.", valueName: "url"))
    var upstream: String?

    @Option(help: ArgumentHelp("Store the last good copies in this directory.", valueName: "dir"))
    var stateDir: String?

    @Flag(name: .customLong("no-state"), help: "Store nothing on disk.")
    var noState = false

    @Option(help: ArgumentHelp("The number of event loops, or auto.", valueName: "n"))
    var workers: String?

    @Option(help: ArgumentHelp("Minimum log level: debug, info, warning, error, ...", valueName: "level"))
    var logLevel: String?

    @Flag(help: "Serve a small built-in catalogue: needs no key and no network, and stores nothing on disk.")
    var demo = false

    func validate() throws {
        if noState, stateDir != nil { throw ValidationError("--state-dir and --no-state cannot be used together.") }
        guard demo else { return }
        if upstream != nil { throw ValidationError("--demo has a built-in upstream: remove --upstream.") }
        if stateDir != nil { throw ValidationError("--demo stores nothing on disk: remove --state-dir.") }
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
        let environment = ProcessInfo.processInfo.environment
        let loaded = try options.load(flags)
        let code: Int32
        do {
            code = try serve(
                loaded, demo: demo, environment: environment, arguments: CommandLine.arguments,
                reload: { [config = options.config, flags] () throws(SettingsError) in
                    try SettingsLoader().load(config: config, flags: flags)
                })
        } catch {
            throw Failure(message: "\(error)", code: .failure)
        }
        throw ExitCode(code)
    }
}
