import Bytes
import HTTPClient
import JSONDocument
import Settings

/// A Larder that runs, and what it says of itself.
struct RunningProcess {
    let address: LarderAddress
    /// What `/_larder/status` has.
    let status: JSONDocument
    /// The settings in effect, by name, as TOML; none if the process is of another version.
    let settings: [(name: String, value: String)]
    /// How often it has read its settings again; nil if it does not say so.
    let reloads: Int?
    /// Why the last reload was refused, if it was.
    let refusal: String?
    /// The changed settings that wait for a restart.
    let waiting: [String]

    /// How long an answer may take, in milliseconds.
    private static let patience = 3_000

    /// Asks the process at an address. Nil if there is none, or if it is no Larder.
    init?(at address: LarderAddress) {
        guard let response = try? LarderClient.ask(address, "/_larder/status", timeout: Self.patience),
            let status = try? JSONDocument(parsing: response.body.span), status.root["version"]?.string != nil
        else { return nil }
        self.address = address
        self.status = status
        let answer = try? LarderClient.ask(address, "/_larder/settings", timeout: Self.patience)
        guard let answer, answer.status == 200, let document = try? JSONDocument(parsing: answer.body.span) else {
            (settings, reloads, refusal, waiting) = ([], nil, nil, [])
            return
        }
        var settings: [(name: String, value: String)] = []
        if let rows = document.root["settings"]?.elements {
            for row in rows {
                guard let name = row["name"]?.string, let value = row["value"]?.string else { continue }
                settings.append((name, value))
            }
        }
        self.settings = settings
        let reload = document.root["reload"]
        reloads = StatusTables.number(reload?["count"])
        refusal = reload?["refused"]?.string
        waiting = reload?["waiting"]?.elements.compactMap(\.string) ?? []
    }

    /// The first of some addresses at which a Larder answers.
    static func first(at addresses: [LarderAddress]) -> RunningProcess? {
        for address in addresses {
            if let process = RunningProcess(at: address) { return process }
        }
        return nil
    }

    /// Its version and its process ID, for a sentence.
    var shortName: String {
        let id = pid.map { " (pid \($0))" } ?? ""
        return "Larder \(DisplayText.printable(status.root["version"]?.string ?? "?"))\(id)"
    }

    /// The same with its address.
    var name: String { "\(shortName) at \(address)" }

    /// Its process ID, in its own name space.
    var pid: Int? { StatusTables.number(status.root["pid"]) }

    /// Whether its upstream is the built-in one.
    var isDemo: Bool { status.root["demo"]?.bool == true }
}
