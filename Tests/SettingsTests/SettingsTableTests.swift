import Testing

@testable import Settings

@Suite("The table of settings")
struct SettingsTableTests {
    @Test("Names are unique, in the file and in the environment")
    func unique() {
        #expect(Set(SettingsTable.all.map(\.name)).count == SettingsTable.all.count)
        #expect(Set(SettingsTable.all.map(\.environmentName)).count == SettingsTable.all.count)
    }

    @Test("Dots become underscores in the environment")
    func environmentNames() {
        let names = SettingsTable.all.map(\.environmentName)
        #expect(names.contains("LARDER_TTL_RESPECT_UPSTREAM"))
        #expect(names.contains("LARDER_LISTEN"))
    }

    @Test("The settings of a TOML table stand together", arguments: [SettingsTable.all.map(\.path.table)])
    func together(tables: [String]) {
        var order: [String] = []
        for table in tables where order.last != table { order.append(table) }
        let all = [
            "", "upstream", "ttl", "stale", "cache", "state", "history", "filters", "fleet", "server", "admin", "log",
        ]
        #expect(order == all)
    }

    @Test("Each default is a good value, and the one that a new Settings has", arguments: SettingsTable.all.map(\.name))
    func defaults(name: String) throws {
        let setting = try #require(SettingsTable.all.first { $0.name == name })
        #expect(try loaded("\(setting.name) = \(setting.standard)").settings == Settings())
        #expect(setting.explanation.hasSuffix("."))
    }

    @Test("Each flag of the command line is a setting's")
    func flags() {
        var flags = SettingsLoader.Flags()
        flags.listen = ["x"]
        flags.upstream = "x"
        flags.workers = "x"
        flags.logLevel = "x"
        flags.stateDirectory = "x"
        flags.noState = true
        flags.demo = true
        #expect(Set(flags.given.map(\.flag)).count == 6)
        for (name, _, _) in flags.given { #expect(SettingsTable.all.contains { $0.name == name }, "\(name)") }
    }
}
