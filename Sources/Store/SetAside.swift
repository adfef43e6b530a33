/// Gives damaged files a dated name beside their old place, and keeps the number of such sets small.
struct SetAside {
    /// The directory.
    let directory: String
    /// What the names begin with; the date follows.
    let prefix: String
    /// What the names of a set end with. The first one is the file that gives the set its name.
    let suffixes: [String]
    /// How many sets may stay.
    let maximum: Int

    /// Renames the files, and says the name of the first. `files` go with `suffixes`; one that is missing is passed over.
    func move(_ files: [String]) throws(SystemError) -> String {
        let stamp = stampForFileName()
        var name = prefix + stamp
        var further = 0
        while suffixes.contains(where: { FileStatus(path: path(name + $0)) != nil }) {
            further += 1
            name = "\(prefix)\(stamp)-\(further)"
        }
        for (file, suffix) in zip(files, suffixes) where FileStatus(path: path(file)) != nil {
            try renameFile(path(file), to: path(name + suffix))
        }
        try? syncDirectory(directory)
        removeOldest()
        return name + suffixes[0]
    }

    /// Removes the oldest sets but `maximum`. A failure is no reason to stop: there is one set too many then.
    private func removeOldest() {
        var sets: [String: [String]] = [:]
        for file in namesInDirectory(directory) where file.hasPrefix(prefix) {
            guard let suffix = suffixes.filter(file.hasSuffix).max(by: { $0.count < $1.count }) else { continue }
            sets[String(file.dropLast(suffix.count)), default: []].append(file)
        }
        let oldestFirst = sets.keys.sorted { order($0) < order($1) }
        for name in oldestFirst.dropLast(maximum) {
            for file in sets[name] ?? [] { try? removeFile(path(file)) }
        }
    }

    /// The date, then the number of those of one second.
    private func order(_ name: String) -> (String, Int) {
        let rest = name.dropFirst(prefix.count)
        guard let end = rest.firstIndex(of: "Z") else { return (String(rest), 0) }
        return (String(rest[...end]), Int(rest[end...].dropFirst(2)) ?? 0)
    }

    private func path(_ name: String) -> String { directory + "/" + name }
}
