import ArgumentParser
import Commands
import FoundationEssentials

/// `larder models`: the list of a running Larder.
struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List the models of a running Larder, filtered and sorted.",
        usage:
            "larder models [<filters>] [--json | --csv | --watch [<seconds>]] [--user] [--view <name>] [--url <url>]",
        discussion: """
            The filters have the names of OpenRouter's parameters. Prices are in dollars per million tokens. \
            Lists are separated by commas.

            EXAMPLES:
              larder models --supported-parameters tools --max-price 1 --sort newest
              larder models --q llama --context 100000 --json | jq -r '.[].id'
              larder models --category programming --watch 10
            """)

    @OptionGroup(title: "Filters") var filters: FilterOptions

    @OptionGroup var address: AddressOptions

    @Flag(help: "Print a JSON array of the models, each as OpenRouter sent it.")
    var json = false

    @Flag(help: "Print comma-separated values with a header line.")
    var csv = false

    @Option(
        defaultAsFlag: 5, parsing: .next,
        help: ArgumentHelp("Refresh the table at this interval and mark changes.", valueName: "seconds"))
    var watch: Double?

    @Flag(
        help: "List the models that the key in the environment variable OPENROUTER_API_KEY may use.")
    var user = false

    @Option(help: ArgumentHelp("List the models of this view, by its name in the settings.", valueName: "name"))
    var view: String?

    func validate() throws {
        if let view, !ModelsRequest.isViewName(view) {
            throw ValidationError("--view must be the name of a view: letters, digits, - and _")
        }
        if json && csv { throw ValidationError("--json and --csv cannot be used together") }
        guard let watch else { return }
        if json || csv { throw ValidationError("--watch shows a table and cannot be used with --json or --csv") }
        guard watch >= 0.1, watch <= 86_400 else {
            throw ValidationError("--watch must be a number of seconds from 0.1 to 86400")
        }
    }

    func run() throws {
        let request = ModelsRequest(try address.address, parameters: filters.parameters, key: try key(), view: view)
        do throws(ClientFailure) {
            if let watch {
                try ModelsListing.watch(request, every: watch, style: { .ofStandardOutput }) { text in
                    StandardOutput.write(Array(text.utf8))
                }
            } else {
                let form: ModelsListing.Form = json ? .json : csv ? .csv : .table
                StandardOutput.write(try ModelsListing.once(request, as: form, style: .ofStandardOutput))
            }
        } catch {
            throw Failure(error)
        }
    }

    private func key() throws -> String? {
        guard user else { return nil }
        if let key = ProcessInfo.processInfo.environment["OPENROUTER_API_KEY"], !key.isEmpty { return key }
        throw Failure(message: "--user needs a key in the environment variable OPENROUTER_API_KEY", code: .failure)
    }
}
