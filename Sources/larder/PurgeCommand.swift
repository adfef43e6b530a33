import ArgumentParser
import Daemon

/// `larder purge`: makes a running Larder forget.
struct PurgeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "purge", abstract: "Make a running Larder forget copies, so that they are fetched anew.",
        discussion: """
            EXAMPLES:
              larder purge --catalog
              larder purge --key 1a2b3c4d     a fingerprint that `larder status` shows
            """)

    @OptionGroup var address: AddressOptions

    @Flag(help: "Forget the catalogue and what was made of it.")
    var catalog = false

    @Option(help: ArgumentHelp("Forget what was kept for the key of this fingerprint.", valueName: "fingerprint"))
    var key: String?

    @Flag(help: "Forget everything.")
    var all = false

    func validate() throws {
        guard [catalog, key != nil, all].count(where: { $0 }) == 1 else {
            throw ValidationError("say what to forget: one of --catalog, --key and --all")
        }
        if let key, !CachePurge.isFingerprint(key) {
            throw ValidationError(
                "--key takes a fingerprint of 8 hex digits, as `larder status` shows it, and never a key")
        }
    }

    func run() throws {
        let target: CachePurge.Target = key.map { .key($0) } ?? (all ? .all : .catalog)
        let address = try address.address
        do throws(ClientFailure) {
            print(try CachePurge.run(address, target))
        } catch {
            throw Failure(error)
        }
    }
}
