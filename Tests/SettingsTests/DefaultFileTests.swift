import Foundation
import Testing

@testable import Settings

@Suite("config/larder.toml")
struct DefaultFileTests {
    private let text: String

    init() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../config/larder.toml").standardized.path
        text = try String(contentsOfFile: path, encoding: .utf8)
    }

    /// The lines with the mark of a comment taken away from each setting.
    private var uncommented: [String] {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            line.contains(#/^# [a-z_]+ = /#) ? String(line.dropFirst(2)) : String(line)
        }
    }

    @Test("As it stands it sets nothing")
    func setsNothing() throws {
        let result = try loaded(text)
        #expect(result.settings == Settings())
        for setting in SettingsTable.all { #expect(result.origin(of: setting.name) == .standard) }
    }

    @Test("With its comments taken away it sets every setting to its default")
    func setsDefaults() throws {
        let result = try loaded(uncommented.joined(separator: "\n"))
        #expect(result.settings == Settings())
        for setting in SettingsTable.all { #expect(result.origin(of: setting.name) != .standard, "\(setting.name)") }
    }

    @Test(
        "It shows each setting as the table does, below the table's explanation",
        arguments: SettingsTable.all.map(\.name))
    func agreesWithTheTable(name: String) throws {
        let setting = try #require(SettingsTable.all.first { $0.name == name })
        let line = try #require(try loaded(uncommented.joined(separator: "\n")).line(of: name))
        #expect(uncommented[line - 1] == "\(setting.path.key) = \(setting.standard)")
        #expect(uncommented[line - 2] == "# \(setting.explanation)")
    }
}

extension LoadedSettings {
    /// The line of the file that set a value.
    fileprivate func line(of name: String) -> Int? {
        if case .file(_, let line) = origin(of: name) { line } else { nil }
    }
}
