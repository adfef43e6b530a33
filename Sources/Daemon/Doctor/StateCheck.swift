internal import FoundationEssentials

/// Whether the directory for the last good copies can be used.
enum StateCheck {
    /// Less free space than this is told, in bytes.
    private static let leastSpace = 64 << 20

    static func finding(_ state: Settings.State) -> Diagnosis {
        guard state.enabled else { return Diagnosis("state", .skip, "state.enabled is false: nothing is kept on disk") }
        guard let directory = state.directory else {
            return Diagnosis("state", .warn, "there is no home: set state.dir, STATE_DIRECTORY or XDG_STATE_HOME")
        }
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: directory, isDirectory: &isDirectory) else {
            return missing(directory)
        }
        guard isDirectory else { return Diagnosis("state", .fail, "\(directory) is not a directory: move it away") }
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
                "state", .ok, "\(directory) is not there yet and can be created\(space(String(parent)).text)")
        }
        return Diagnosis(
            "state", .fail,
            "\(directory) cannot be created: \(parent) is no directory that this user can write to; create it, or allow it"
        )
    }

    private static func existing(_ directory: String) -> Diagnosis {
        let probe = directory + "/.doctor-\(ProcessInfo.processInfo.processIdentifier)"
        do {
            try Data([0]).write(to: URL(fileURLWithPath: probe))
            try FileManager.default.removeItem(atPath: probe)
        } catch {
            return Diagnosis(
                "state", .fail, "\(directory) cannot be written to by this user: change its owner or its mode")
        }
        let attributes = try? FileManager.default.attributesOfItem(atPath: directory)
        let mode = attributes?[.posixPermissions] as? Int ?? 0
        let space = space(directory)
        let text = "\(directory), mode \(String(mode, radix: 8))\(space.text)"
        if mode & 0o077 != 0 {
            return Diagnosis("state", .warn, "\(text): others can look into it; chmod 700 \(directory)")
        }
        if space.isShort { return Diagnosis("state", .warn, "\(text): make room on that file system") }
        return Diagnosis("state", .ok, text)
    }

    private static func space(_ directory: String) -> (text: String, isShort: Bool) {
        let attributes = try? FileManager.default.attributesOfFileSystem(forPath: directory)
        guard let free = attributes?[.systemFreeSize] as? Int else { return ("", false) }
        return (", \(SizeDisplay.short(free)) free", free < leastSpace)
    }
}
