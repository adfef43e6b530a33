import Foundation
import Testing

@testable import Settings

@Suite("The settings of a fleet")
struct FleetSettingsTests {
    /// The settings with one value, or nil if it is refused.
    private func settings(_ name: String, _ value: SettingValue) throws -> Settings? {
        let setting = try #require(SettingsTable.fleet.first { $0.name == name })
        var settings = Settings()
        return setting.assign(value, &settings) ? settings : nil
    }

    @Test("Each default is a good value, and no name occurs twice")
    func defaults() throws {
        for setting in SettingsTable.fleet {
            #expect(setting.name.hasPrefix("fleet.") && setting.explanation.hasSuffix("."))
            #expect(setting.show(Settings()) == setting.standard)
        }
        let names = SettingsTable.fleet.map(\.name)
        #expect(Set(names).count == 10)
        #expect(SettingsTable.all.filter { names.contains($0.name) }.map(\.name) == names)
    }

    @Test("Good values are taken")
    func good() throws {
        #expect(try settings("fleet.url", .text("rediss://engine:7000/2"))?.fleet.url == "rediss://engine:7000/2")
        #expect(try settings("fleet.url", .text(""))?.fleet.url == .some(nil))
        #expect(try settings("fleet.timeout", .text("2s"))?.fleet.timeout == .seconds(2))
        #expect(try settings("fleet.namespace", .text("team-a"))?.fleet.namespace == "team-a")
        #expect(try settings("fleet.max_value_bytes", .text("1MiB"))?.fleet.maxValueBytes == 1 << 20)
        #expect(try settings("fleet.required", .boolean(true))?.fleet.required == true)
    }

    @Test(
        "Bad values are refused",
        arguments: [
            ("fleet.url", "http://engine"), ("fleet.url", "redis://:hunter2@engine"), ("fleet.namespace", "a{b}"),
            ("fleet.namespace", ""), ("fleet.username", "a b"), ("fleet.timeout", "0s"),
            ("fleet.secret_file", "/nowhere/at/all"), ("fleet.max_value_bytes", "1B"),
        ])
    func bad(name: String, value: String) throws {
        #expect(try settings(name, .text(value)) == nil)
        let setting = try #require(SettingsTable.fleet.first { $0.name == name })
        #expect(!setting.conceal(.text(value)).contains("hunter2"))
    }

    @Test("What is missing among the settings together is named")
    func together() {
        var fleet = Settings.Fleet()
        #expect(fleet.problem == nil)
        fleet.required = true
        #expect(fleet.problem?.contains("fleet.url") == true)
        fleet.url = "redis://engine"
        #expect(fleet.problem?.contains("fleet.secret_file") == true)
        fleet.secretFile = "/etc/larder/fleet-secret"
        #expect(fleet.problem == nil)
        fleet.username = "larder"
        #expect(fleet.problem?.contains("fleet.password_file") == true)
        fleet.passwordFile = "/etc/larder/engine-password"
        #expect(fleet.problem == nil)
    }

    @Test func `docs/fleet.md has every setting of a fleet with its default, in order, and no other`() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../docs/fleet.md").standardized.path
        let page = try String(contentsOfFile: path, encoding: .utf8)
        let rows = page.split(separator: "\n").filter { $0.hasPrefix("| `fleet.") }.map { line in
            line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces).replacing("`", with: "") }
        }
        #expect(rows.map { $0[0] } == SettingsTable.fleet.map(\.name))
        #expect(rows.allSatisfy { $0.count == 3 && $0[2].count > 10 })
        for (row, definition) in zip(rows, SettingsTable.fleet) {
            let standard = definition.standard.replacing("\"", with: "")
            #expect(row[1] == (standard.isEmpty ? "none" : standard), "\(definition.name)")
        }
    }
}
