internal import FoundationEssentials
import Settings

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
