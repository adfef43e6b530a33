import ArgumentParser
import Daemon

/// `larder status`: what a running Larder holds and how it fares.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Show what a running Larder holds, how fresh it is and how upstream fares.",
        discussion: "Keys are shown as fingerprints, never themselves.")

    @OptionGroup var address: AddressOptions

    @Flag(help: "Print the status as JSON.")
    var json = false

    func run() throws {
        let address = try address.address
        do throws(ClientFailure) {
            StandardOutput.write(try StatusReport.run(address, asJSON: json, style: .ofStandardOutput))
        } catch {
            throw Failure(error)
        }
    }
}
