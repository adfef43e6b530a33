import Foundation
import Testing

@testable import Settings

@Suite("docs/settings.md")
struct SettingsPageTests {
    private let rows: [Substring]

    init() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../docs/settings.md").standardized.path
        let page = try String(contentsOfFile: path, encoding: .utf8)
        let table = page.split(separator: "## Every setting\n").last?.split(separator: "\n\n").first ?? ""
        rows = Array(table.split(separator: "\n").dropFirst(2))
    }

    @Test("It has every setting, in order, as the table has it")
    func agreesWithTheTable() {
        #expect(rows.count == SettingsTable.all.count)
        for (row, setting) in zip(rows, SettingsTable.all) {
            let reload = setting.needsRestart ? "restart" : "yes"
            #expect(
                row == "| `\(setting.name)` | `\(setting.standard)` | \(setting.explanation) | "
                    + "`\(setting.environmentName)` | \(reload) |")
        }
    }
}
