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
        let root: TOMLTable
        do {
            try TOMLForm.check(text)
            root = try TOMLTable(string: text)
        } catch let fault as TOMLForm.Fault {
            throw .malformed(.file(path, line: fault.line), fault.reason)
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

    /// Whether a table is empty and of an unknown name: with nothing in it to complain of, it is itself a fault.
    private static func isStray(_ table: TOMLTable, _ name: String) -> Bool {
        table.isEmpty && !SettingsTable.all.contains { $0.name.hasPrefix(name + ".") }
    }

    private static func flattened(_ table: TOMLTable, prefix: String) -> [(String, SettingValue)] {
        var result: [(String, SettingValue)] = []
        for key in table.keys {
            let name = prefix + key
            guard let value = table[key] else { continue }
            if let inner = value.table, !SettingsTable.all.contains(where: { $0.name == name }), !isStray(inner, name) {
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
