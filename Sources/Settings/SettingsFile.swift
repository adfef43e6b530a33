package import FoundationEssentials
internal import TOML

/// A file of settings: its values, in the order of their lines.
struct SettingsFile {
    /// A value with its dotted name and its position.
    struct Entry {
        let name: String
        let value: SettingValue
        let origin: SettingOrigin
    }

    let entries: [Entry]

    /// Reads TOML; `path` is for messages alone.
    init(_ text: String, path: String) throws(SettingsError) {
        let root: TOMLTable
        do {
            root = try TOMLTable(parsing: Array(text.utf8))
        } catch {
            throw .malformed(path, error)
        }
        let found = Self.flattened(root, prefix: "").sorted { $0.value.line < $1.value.line }
        entries = found.map { name, value in
            Entry(name: name, value: SettingValue(value), origin: .file(path, line: value.line))
        }
    }

    /// Whether a table is empty and of an unknown name: since it has no setting to report, the table itself is the
    /// error.
    private static func isStray(_ table: TOMLTable, _ name: String) -> Bool {
        table.isEmpty && name != ViewSettings.table && !SettingsTable.all.contains { $0.name.hasPrefix(name + ".") }
    }

    private static func flattened(_ table: TOMLTable, prefix: String) -> [(name: String, value: TOMLValue)] {
        var result: [(name: String, value: TOMLValue)] = []
        for entry in table.entries {
            let name = prefix + TOMLText.key(entry.key)
            if case .table(let inner) = entry.value.content, !SettingsTable.all.contains(where: { $0.name == name }),
                !isStray(inner, name)
            {
                result += flattened(inner, prefix: name + ".")
            } else {
                result.append((name, entry.value))
            }
        }
        return result
    }
}

extension SettingValue {
    /// A TOML value, in the types that settings have.
    fileprivate init(_ value: TOMLValue) {
        switch value.content {
        case .string(let text): self = .text(text)
        case .integer(let number): self = .integer(Int(number))
        case .boolean(let truth): self = .boolean(truth)
        case .array(let items): self = .list(items.map { SettingValue($0) })
        case .float, .dateTime, .table: self = .other(value.description)
        }
    }
}

/// The result of reading a text file.
package enum FileText: Sendable, Equatable {
    case text(String)
    case missing
    case unreadable(String)
}

/// Reads files; tests use their own implementation.
package protocol FileReader: Sendable {
    func read(_ path: String) -> FileText
}

/// The file system's files.
package struct SystemFiles: FileReader {
    package func read(_ path: String) -> FileText {
        var isDirectory = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else { return .missing }
        // Naming it means no settings; a masked file also appears as this device.
        if URL(filePath: path).resolvingSymlinksInPath().path == "/dev/null" { return .text("") }
        if isDirectory { return .unreadable("it is a directory") }
        guard FileManager.default.isReadableFile(atPath: path) else { return .unreadable("permission denied") }
        guard let data = FileManager.default.contents(atPath: path) else { return .unreadable("not a regular file") }
        guard let text = String(validating: data, as: UTF8.self) else { return .unreadable("it is not UTF-8 text") }
        return .text(text)
    }
}

extension [FileAttributeKey: Any] {
    /// A number among the attributes of a file or file system. Its type depends on the key and on the Foundation
    /// version.
    package func number(_ key: FileAttributeKey) -> Int? { (self[key] as? any BinaryInteger).map { Int(clamping: $0) } }
}
