import JSONDocument
import Settings

/// What a running Larder says of itself, as findings of `larder doctor`.
enum RunningCheck {
    /// The verdict of the process, and its further findings.
    static func findings(_ process: RunningProcess) -> [Diagnosis] {
        let root = process.status.root
        guard let verdict = root["verdict"], let text = verdict["text"]?.string else {
            return [Diagnosis("larder", .ok, "\(process.name) runs; it gives no verdict on itself")]
        }
        var findings = [Diagnosis("larder", level(verdict), "\(process.name): \(text)")]
        guard let others = root["findings"]?.elements else { return findings }
        for other in others {
            guard let text = other["text"]?.string else { continue }
            findings.append(Diagnosis("larder", level(other), text))
        }
        return findings
    }

    private static func level(_ finding: JSONValue) -> Diagnosis.Verdict {
        switch finding["level"]?.string {
        case "error": .fail
        case "warning": .warn
        default: .ok
        }
    }

    /// Where the process listens; nil if it does not say so.
    static func listen(_ process: RunningProcess) -> [Diagnosis]? {
        guard let addresses = process.status.root["listen"]?.elements.compactMap(\.string), !addresses.isEmpty else {
            return nil
        }
        return addresses.map { address in
            let listener = address.hasPrefix("http://") ? String(address.dropFirst(7)) : address
            return Diagnosis("listen", .ok, "\(listener) is served by \(process.shortName)")
        }
    }

    /// The state directory as the process sees it: this user may not be allowed to look into it.
    static func state(_ process: RunningProcess) -> Diagnosis? {
        let root = process.status.root
        guard let state = root["state"], let isHealthy = state["healthy"]?.bool else { return nil }
        let directory = DisplayText.printable(state["dir"]?.string ?? "the state directory")
        if isHealthy {
            guard state["enabled"]?.bool == true else {
                return Diagnosis("state", .skip, "the running Larder stores no copies on disk")
            }
            let size = StatusTables.number(state["bytes"]).map { ", \(SizeDisplay.short($0)) used" } ?? ""
            return Diagnosis(
                "state", .ok, "\(directory): the running Larder can write it\(size)\(StateCheck.room(directory))")
        }
        let code = code(root)
        let text = code.text ?? "the running Larder cannot write it"
        let remedy =
            switch code.code {
            case "state-full": "free space on its file system, for example of \(directory)"
            case "state-unavailable": "fix that, then restart Larder"
            default: "make it writable for the user of the process"
            }
        return Diagnosis("state", .fail, "\(directory): \(text); \(remedy)")
    }

    /// The finding about the state directory.
    private static func code(_ root: JSONValue) -> (code: String?, text: String?) {
        if let verdict = root["verdict"], verdict["code"]?.string?.hasPrefix("state-") == true {
            return (verdict["code"]?.string, verdict["text"]?.string)
        }
        guard let others = root["findings"]?.elements else { return (nil, nil) }
        for other in others where other["code"]?.string?.hasPrefix("state-") == true {
            return (other["code"]?.string, other["text"]?.string)
        }
        return (nil, nil)
    }
}
