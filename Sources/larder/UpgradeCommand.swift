import ArgumentParser
import Commands

/// `larder upgrade`: replaces the process of a running Larder.
struct UpgradeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "upgrade",
        abstract: "Replace a running Larder by a new process, without refusing a connection or cutting a stream.",
        discussion: """
            The running process starts its program anew, which may be a newer file by now, and hands over its sockets and \
            its state directory. The exit code is 0 when the new process serves. If it does not come to that, the exit \
            code is 1, and the old process goes on serving.

            EXAMPLES:
              larder upgrade                  the only Larder of this machine
              larder upgrade --pid "$(systemctl show --property=MainPID --value larder)"
            """)

    @Option(help: ArgumentHelp("The process to replace. By default, the only Larder that runs here.", valueName: "pid"))
    var pid: Int32?

    func run() throws {
        do throws(ClientFailure) {
            print(try UpgradeRequest.run(process: pid))
        } catch {
            throw Failure(error)
        }
    }
}
