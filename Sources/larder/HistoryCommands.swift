import ArgumentParser
import Commands
import Daemon
import FoundationEssentials
import Settings

/// `larder changes`: what changed in the catalogue.
struct ChangesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "changes", abstract: "Show what changed in the catalogue of a running Larder.",
        discussion: """
            Without --since, the newest 500 changes; with --follow, only changes from now on.

            EXAMPLES:
              larder changes --since 7d
              larder changes --since 2026-11-01 --kind price,removed --id 'openai/*'
              larder changes --follow --json      one JSON object per line, as it happens
            """)

    @OptionGroup var address: AddressOptions

    @Option(help: ArgumentHelp("Changes since a date, a time, a duration such as 7d, or a cursor.", valueName: "time"))
    var since: String?

    @Option(help: ArgumentHelp("Changes before a date, a time or a duration ago.", valueName: "time"))
    var until: String?

    @Option(
        help: ArgumentHelp(
            "Kinds: added, removed, returned, price, context, parameters, modalities, expiration, renamed, alias, "
                + "other, shrunk.", valueName: "list"))
    var kind: String?

    @Option(help: ArgumentHelp("Models whose ids match, such as 'openai/*'.", valueName: "pattern"))
    var id: String?

    @Flag(help: "Continue, and show changes as they happen.")
    var follow = false

    @Flag(help: "Print each change as a JSON object on a line of its own.")
    var json = false

    func validate() throws {
        if follow, until != nil { throw ValidationError("--follow and --until cannot be used together") }
    }

    func run() throws {
        let parameters = [("since", since), ("until", until), ("kind", kind), ("id", id)]
        let request = ChangesRequest(
            try address.adminAddress,
            parameters: parameters.compactMap { name, value in value.map { (name: name, value: $0) } })
        do throws(ClientFailure) {
            if follow {
                try ChangesListing.follow(request, asJSON: json) {
                    StandardOutput.write($0)
                } report: {
                    StandardError.write($0)
                }
            } else {
                try ChangesListing.once(request, asJSON: json) { StandardOutput.write($0) }
            }
        } catch {
            throw Failure(error)
        }
    }
}

/// `larder history`: the prices of a model over time.
struct HistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Show when the prices and the context of a model changed.",
        discussion: """
            EXAMPLES:
              larder history openai/gpt-4o
            """)

    @Argument(help: ArgumentHelp("The model's id.", valueName: "model"))
    var model: String

    @OptionGroup var address: AddressOptions

    @Flag(help: "Print the JSON.")
    var json = false

    func run() throws {
        let address = try address.adminAddress
        do throws(ClientFailure) {
            StandardOutput.write(
                try ModelHistoryListing.run(address, model: model, asJSON: json, style: .ofStandardOutput))
        } catch {
            throw Failure(error)
        }
    }
}

/// `larder lock`: writes and checks the models that a project relies on.
struct LockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock", abstract: "Write the models that a project relies on to a file, or check such a file.",
        usage: """
            larder lock [<file>] [--model <id> ...] [<filters>]
            larder lock --check <file> [--fail-on <rules>] [--markdown]
            """,
        discussion: """
            The catalogue is that of a running Larder, else the one in the state directory, else upstream's. The exit \
            code of a check is 0, or 1 with differences that fail, or 2 if it could not compare.

            EXAMPLES:
              larder lock models.lock --model openai/gpt-4o --model anthropic/claude-sonnet-4
              larder lock --supported-parameters tools --max-price 1 > models.lock
              larder lock --check models.lock --fail-on removed,expiring=14d,price=+10%,context=-1
            """)

    @Argument(help: ArgumentHelp("The lock file. Without it, the lock is printed.", valueName: "file"))
    var file: String?

    @Flag(help: "Compare the file with the catalogue now.")
    var check = false

    @Option(
        help: ArgumentHelp(
            "Differences that fail a check: removed, renamed, expiration, any, expiring=14d, price=+10%, context=-1. "
                + "By default any.", valueName: "rules"))
    var failOn: String?

    @Flag(help: "Print the differences as a Markdown table.")
    var markdown = false

    @Option(help: ArgumentHelp("Lock the model with this id. May be repeated.", valueName: "id"))
    var model: [String] = []

    @OptionGroup(title: "Filters") var filters: LockFilterOptions

    @OptionGroup var address: AddressOptions

    @OptionGroup var options: SettingsOptions

    func validate() throws {
        if check {
            if file == nil { throw ValidationError("--check needs the lock file") }
            if !model.isEmpty || !filters.parameters.isEmpty {
                throw ValidationError("--check compares the models in the file: it takes no filters and no --model")
            }
        } else if failOn != nil || markdown {
            throw ValidationError("--fail-on and --markdown belong to --check")
        }
        if let page = filters.parameters.first(where: { LockCheck.pageParameters.contains($0.name) }) {
            throw ValidationError("a lock has every model that matches, so it cannot be used with --\(page.name)")
        }
        if !model.isEmpty, !filters.parameters.isEmpty {
            throw ValidationError("--model and filters cannot be used together")
        }
    }

    func run() throws {
        let source = LockSource(
            try address.address,
            settings: {
                do {
                    return try options.load().settings
                } catch let failure as Failure {
                    throw ClientFailure(failure.message)
                }
            }, stored: { try storedCatalogue($0) })
        do throws(ClientFailure) {
            if check { try compare(source) } else { try write(source) }
        } catch {
            throw Failure(message: error.description, code: check ? ExitCode(LockCheck.couldNotCompare) : .failure)
        }
    }

    private func write(_ source: LockSource) throws(ClientFailure) {
        let written = try LockCheck.write(source, ids: model, parameters: filters.parameters)
        guard let file else { return StandardOutput.write(written.text) }
        do {
            try Data(written.text).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw ClientFailure("\(file) cannot be written")
        }
        StandardError.write("locked \(written.count) model\(written.count == 1 ? "" : "s") from \(written.place)")
    }

    private func compare(_ source: LockSource) throws(ClientFailure) {
        let result = try LockCheck.check(source, file: file ?? "", failOn: failOn, asMarkdown: markdown)
        StandardError.write("compared with the catalogue of \(result.place)")
        StandardOutput.write(Array(result.text.utf8))
        if result.exitCode != 0 { LockCommand.exit(withError: ExitCode(result.exitCode)) }
    }
}
