internal import TOMLKit

/// A file of settings: the values that stand in it, in the order of their lines.
struct SettingsFile {
    /// A value with its dotted name and its place.
    struct Entry {
        let name: String
        let value: SettingValue
        let origin: SettingOrigin
    }

    let entries: [Entry]

    /// Reads TOML; `path` is for messages alone.
    init(_ text: String, path: String) throws(SettingsError) {
        // The parser would take a zero for the end of the file.
        if let zero = text.utf8.firstIndex(of: 0) {
            let line = text.utf8[..<zero].count { $0 == UInt8(ascii: "\n") } + 1
            throw .malformed(.file(path, line: line), "a zero byte")
        }
        let root: TOMLTable
        do {
            root = try TOMLTable(string: text)
        } catch let error as TOMLParseError {
            throw .malformed(.file(path, line: error.source.begin.line), error.description)
        } catch {
            throw .malformed(.file(path, line: nil), "\(error)")
        }
        let lines = TOMLKeyLines(text)
        let found = Self.flattened(root, prefix: "").map { name, value in
            Entry(name: name, value: value, origin: .file(path, line: lines.line(of: name)))
        }
        entries = found.sorted { $0.line < $1.line }
    }

    private static func flattened(_ table: TOMLTable, prefix: String) -> [(String, SettingValue)] {
        var result: [(String, SettingValue)] = []
        for key in table.keys {
            let name = prefix + key
            guard let value = table[key] else { continue }
            if let inner = value.table, SettingsTable.all.contains(where: { $0.name.hasPrefix(name + ".") }) {
                result += flattened(inner, prefix: name + ".")
            } else {
                result.append((name, SettingValue(value)))
            }
        }
        return result
    }
}

extension SettingsFile.Entry {
    fileprivate var line: Int {
        if case .file(_, let line?) = origin { line } else { .max }
    }
}

extension SettingValue {
    /// What TOML has, in the types that settings have.
    fileprivate init(_ value: any TOMLValueConvertible) {
        switch value.type {
        case .string: self = .text(value.string ?? "")
        case .int: self = value.int.map(SettingValue.integer) ?? .other(value.debugDescription)
        case .bool: self = value.bool.map(SettingValue.boolean) ?? .other(value.debugDescription)
        case .array: self = .list((value.array ?? []).map { SettingValue($0) })
        default: self = .other(TOMLText.oneLine(value.debugDescription))
        }
    }
}
