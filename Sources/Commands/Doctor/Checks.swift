import FleetService
import FoundationEssentials
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

/// Whether the directory for the last good copies can be used.
enum StateCheck {
    /// The free space below which the check warns, in bytes.
    private static let leastSpace = 64 << 20

    static func finding(_ state: Settings.State) -> Diagnosis {
        guard state.enabled else { return Diagnosis("state", .skip, "state.enabled is false: copies are not stored") }
        guard let directory = state.directory else {
            return Diagnosis("state", .warn, "HOME is not set: set state.dir, STATE_DIRECTORY or XDG_STATE_HOME")
        }
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
            return missing(directory)
        }
        guard isDirectory else { return Diagnosis("state", .fail, "\(directory) is not a directory: delete it") }
        return existing(directory)
    }

    private static func missing(_ directory: String) -> Diagnosis {
        let files = FileManager.default
        var parent = directory[...]
        repeat {
            guard let slash = parent.lastIndex(of: "/") else {
                parent = "."
                break
            }
            parent = slash == parent.startIndex ? "/" : parent[..<slash]
        } while parent != "/" && !files.fileExists(atPath: String(parent))
        var isDirectory = false
        if files.fileExists(atPath: String(parent), isDirectory: &isDirectory), isDirectory,
            files.isWritableFile(atPath: String(parent))
        {
            return Diagnosis(
                "state", .ok, "\(directory) does not exist yet and can be created\(space(String(parent)).text)")
        }
        return Diagnosis(
            "state", .fail,
            "\(directory) cannot be created: \(parent) is not writable for this user; create it or fix its permissions"
        )
    }

    private static func existing(_ directory: String) -> Diagnosis {
        let probe = directory + "/.doctor-\(ProcessInfo.processInfo.processIdentifier)"
        do {
            // More than a file system keeps in the inode.
            try Data(repeating: 1, count: 8 << 10).write(to: URL(fileURLWithPath: probe))
            try FileManager.default.removeItem(atPath: probe)
        } catch {
            try? FileManager.default.removeItem(atPath: probe)
            return Diagnosis("state", .fail, obstacle(error, directory))
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: directory)
        let mode = attributes?.number(.posixPermissions) ?? 0
        let space = space(directory)
        let text = "\(directory), mode \(String(mode, radix: 8))\(space.text)"
        if mode & 0o077 != 0 {
            return Diagnosis("state", .warn, "\(text): other users can access it; chmod 700 \(directory)")
        }
        if space.isShort { return Diagnosis("state", .warn, "\(text): free space on that file system") }
        return Diagnosis("state", .ok, text)
    }

    /// Why nothing can be written, and what to do about it.
    private static func obstacle(_ error: any Error, _ directory: String) -> String {
        switch (error as? CocoaError)?.code {
        case .some(.fileWriteOutOfSpace): "the disk of \(directory) is full: free space on that file system"
        case .some(.fileWriteVolumeReadOnly):
            "\(directory) is on a read-only file system: mount it writable, or set state.dir"
        case .some(.fileWriteNoPermission):
            "\(directory) is not writable for this user: change its owner or permissions"
        default: "\(directory) cannot be written by this user: check its owner, its permissions and its file system"
        }
    }

    /// The free space for a sentence; empty if it is not known.
    static func room(_ directory: String) -> String { space(directory).text }

    private static func space(_ directory: String) -> (text: String, isShort: Bool) {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: directory)
        guard let free = attributes?.number(.systemFreeSize) else { return ("", false) }
        return (", \(SizeDisplay.short(free)) free", free < leastSpace)
    }
}

/// Whether the fleet of the settings can be joined from here.
enum FleetCheck {
    /// No finding without a fleet.
    static func findings(_ settings: Settings) -> [Diagnosis] {
        do throws(FleetProblem) {
            guard let member = try FleetServiceSettings(settings, isDemo: false) else { return [] }
            return FleetProbe.findings(member).map { finding in
                let verdict: Diagnosis.Verdict =
                    switch finding.verdict {
                    case .fine: .ok
                    case .warning: .warn
                    case .failure: settings.fleet.required ? .fail : .warn
                    case .skipped: .skip
                    }
                return Diagnosis("fleet", verdict, finding.text)
            }
        } catch {
            return [Diagnosis("fleet", .fail, error.description)]
        }
    }

    /// What is wrong with the files that the settings name, in a sentence; nil if nothing is.
    static func mistake(_ settings: Settings) -> String? {
        // That is a mistake of its own.
        guard settings.fleet.problem == nil else { return nil }
        do throws(FleetProblem) {
            _ = try FleetServiceSettings(settings, isDemo: false)?.checked()
            return nil
        } catch {
            return error.description
        }
    }
}
