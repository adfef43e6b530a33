import ArgumentParser
import Commands
import FoundationEssentials
import Settings

/// `larder status`: what a running Larder holds, and its state.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show the state of a running Larder and of upstream, and the stored copies.",
        discussion: "The first line is the verdict. Keys are shown only as fingerprints.")

    @OptionGroup var address: AddressOptions

    @Flag(help: "Print the status as JSON.")
    var json = false

    @Option(
        defaultAsFlag: 5, parsing: .next,
        help: ArgumentHelp("Show the status again at this interval.", valueName: "seconds"))
    var watch: Double?

    func validate() throws {
        guard let watch else { return }
        if json { throw ValidationError("--watch shows a page and cannot be used with --json") }
        guard watch >= 0.1, watch <= 3_600 else {
            throw ValidationError("--watch must be a number of seconds from 0.1 to 3600")
        }
    }

    func run() throws {
        let address = try address.adminAddress
        do throws(ClientFailure) {
            if let watch {
                return try StatusWatch.run(
                    address, every: watch, style: { .ofStandardOutput }, write: StandardOutput.write)
            }
            StandardOutput.write(try StatusReport.run(address, asJSON: json, style: .ofStandardOutput))
        } catch {
            throw Failure(error)
        }
    }
}

/// `larder purge`: deletes the stored copies of a running Larder.
struct PurgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Delete the stored copies of a running Larder, so that it fetches them again.",
        discussion: """
            EXAMPLES:
              larder purge --catalog
              larder purge --key 1a2b3c4d     a fingerprint from `larder status`
            """)

    @OptionGroup var address: AddressOptions

    @Flag(help: "Delete the shared catalogue and its facets.")
    var catalog = false

    @Option(help: ArgumentHelp("Delete everything stored for the key with this fingerprint.", valueName: "fingerprint"))
    var key: String?

    @Flag(help: "Delete everything.")
    var all = false

    func validate() throws {
        guard [catalog, key != nil, all].count(where: { $0 }) == 1 else {
            throw ValidationError("say what to delete: exactly one of --catalog, --key and --all")
        }
        if let key, !CachePurge.isFingerprint(key) {
            throw ValidationError(
                "--key must be a fingerprint of 8 hex digits or \"no key\", as `larder status` shows it, not a key")
        }
    }

    func run() throws {
        let target: CachePurge.Target = key.map { .key($0) } ?? (all ? .all : .catalog)
        let address = try address.adminAddress
        do throws(ClientFailure) {
            StandardOutput.write(line: try CachePurge.run(address, target))
        } catch {
            throw Failure(error)
        }
    }
}

/// `larder check`: shows the effective settings, or what is wrong with them.
struct CheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the settings and print the effective ones, each with its source.",
        discussion: """
            Loads the files that the settings name too. The exit code is 0 if the settings are valid and 78 if not; then \
            every mistake is printed, one per line. Secrets are never printed.
            """)

    @OptionGroup var options: SettingsOptions

    func run() throws {
        let (loaded, mistakes) = SettingsLoader().check(config: options.config)
        let all = mistakes.map(\.description) + SettingsCheck.mistakes(loaded.settings)
        guard !all.isEmpty else { return StandardOutput.write(Array(loaded.toml.utf8)) }
        for mistake in all { StandardError.write(mistake) }
        throw ExitCode.badSettings
    }
}

/// `larder doctor`: looks for what keeps Larder from working.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Find what keeps Larder from working here, and say how to fix it.",
        discussion: """
            If Larder runs, its settings are checked, and its verdict is the first line. If not, the settings that a \
            Larder started here would use are checked. The command looks for a running Larder at the addresses of \
            admin.listen or listen in the settings, or only at --url. \
            Checks the settings, the listen addresses, the state directory, the engine of a fleet, DNS, the proxy, TLS, \
            upstream, the key and the clock, one line each: ok, warn, fail, or skip (not possible or not requested). The \
            exit code is 1 if a check fails.
            """)

    @OptionGroup var options: SettingsOptions

    @OptionGroup var address: AddressOptions

    @Flag(
        help: "Also check the key in the environment variable OPENROUTER_API_KEY; it is never shown.")
    var keyFromEnv = false

    func run() throws {
        let findings = Doctor.findings(config: options.config, address: try address.given, key: try key())
        let style = TerminalStyle.ofStandardOutput
        for finding in findings { StandardOutput.write(line: finding.line(style)) }
        if findings.contains(where: { $0.verdict == .fail }) { throw ExitCode.failure }
    }

    private func key() throws -> String? {
        guard keyFromEnv else { return nil }
        if let key = ProcessInfo.processInfo.environment["OPENROUTER_API_KEY"], !key.isEmpty { return key }
        throw Failure(
            message: "--key-from-env needs a key in the environment variable OPENROUTER_API_KEY", code: .failure)
    }
}

/// `larder reload`: makes a running Larder read its settings again.
struct ReloadCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Make a running Larder read its settings again, and wait for the result.",
        discussion: """
            Sends SIGHUP to the process that answers at the address, which must run on this machine and in the same \
            container. The exit code is 78 if the settings are refused; Larder then keeps the old ones.
            """)

    @OptionGroup var address: AddressOptions

    func run() throws {
        let address = try address.adminAddress
        do throws(ReloadRequest.Problem) {
            StandardOutput.write(line: try ReloadRequest.run(address))
        } catch {
            switch error {
            case .failed(let message): throw Failure(message: message, code: .failure)
            case .refused(let message): throw Failure(message: message, code: .badSettings)
            }
        }
    }
}

/// `larder support-bundle`: gathers what helps to find a fault.
struct SupportBundleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "support-bundle",
        abstract: "Write status, settings, metrics and recent warnings of a running Larder into one JSON file.",
        discussion: "It contains no key, no password and no request. Look through it before you pass it on.")

    @OptionGroup var address: AddressOptions

    @Argument(help: "The file to write, or - for standard output. By default larder-support-TIME.json.")
    var file: String?

    func run() throws {
        let address = try address.adminAddress
        let now = Int64(Date().timeIntervalSince1970)
        do throws(ClientFailure) {
            let bundle = try SupportBundle.make(address, time: now)
            if file == "-" { return StandardOutput.write(bundle) }
            let path = file ?? SupportBundle.fileName(time: now)
            try SupportBundle.write(bundle, to: path)
            StandardOutput.write(line: "wrote \(path)")
        } catch {
            throw Failure(error)
        }
    }
}

/// `larder healthcheck`: checks that a running Larder answers.
struct HealthcheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "healthcheck", abstract: "Request /healthz of a running Larder: exit 0 if it answers, else 1.")

    @OptionGroup var address: AddressOptions

    @Flag(help: "Request /readyz instead: exit 0 if Larder is ready, 1 while it starts or drains or has no catalogue.")
    var ready = false

    func run() throws {
        let address = try address.address
        do throws(ClientFailure) {
            try HealthProbe.run(address, isReady: ready)
            StandardOutput.write(line: "\(address) is \(ready ? "ready" : "healthy")")
        } catch {
            throw Failure(error)
        }
    }
}

/// `larder upgrade`: replaces the process of a running Larder.
struct UpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Replace a running Larder by a new process, without refusing a connection or cutting a stream.",
        discussion: """
            The running process starts its program again, which may be a newer file by now, and hands over its sockets \
            and its state directory. The exit code is 0 when the new process serves. Otherwise the exit code is 1, and \
            the old process goes on serving.

            EXAMPLES:
              larder upgrade                  the only Larder of this machine
              larder upgrade --pid "$(systemctl show --property=MainPID --value larder)"
            """)

    @Option(help: ArgumentHelp("The process to replace. By default, the only Larder that runs here.", valueName: "pid"))
    var pid: Int32?

    func run() throws {
        do throws(ClientFailure) {
            StandardOutput.write(line: try UpgradeRequest.run(process: pid))
        } catch {
            throw Failure(error)
        }
    }
}
