import Testing

@testable import Settings

@Suite("Showing settings")
struct LoadedSettingsTests {
    @Test("Each value is shown with its origin, in TOML")
    func showsOrigins() throws {
        var flags = SettingsLoader.Flags()
        flags.listen = ["unix:/tmp/a \"b\""]
        let text = try loaded("[ttl]\ncatalog = \"60s\"", environment: ["LARDER_WORKERS": "2"], flags: flags).toml
        let lines = text.split(separator: "\n")
        #expect(lines.first == "# Read from larder.toml.")
        #expect(lines.contains("listen = [\"unix:/tmp/a \\\"b\\\"\"]  # --listen"))
        #expect(lines.contains("workers = 2  # LARDER_WORKERS"))
        #expect(lines.contains("catalog = \"1m\"  # larder.toml, line 2"))
        #expect(lines.contains("share = \"auto\"  # default"))
        #expect(lines.count(where: { $0.hasPrefix("[") }) == 10)
    }

    @Test("The directory of state is shown where it is, be it set or found")
    func showsStateDirectory() throws {
        #expect(
            try loaded(environment: ["HOME": "/h"]).toml.contains("\ndir = \"/h/.local/state/larder\"  # default\n"))
        #expect(try loaded("state.dir = \"s\"").toml.contains("\ndir = \"s\"  # larder.toml, line 1\n"))
        #expect(try loaded().toml.contains("\ndir = \"\"  # default\n"))
    }

    @Test("What is shown can be loaded again, and comes to the same")
    func roundTrip() throws {
        let first = try loaded(
            "workers = 7\nlisten = [\"[::1]:1\", \"unix:/x\"]\nfilters.upstream = [\"q\"]"
                + "\nserver.max_header_bytes = 1000\nttl.negative = \"1500ms\"\nupstream.proxy = \"socks5://proxy:1\"")
        #expect(first.settings != Settings())
        #expect(try loaded(first.toml).settings == first.settings)
    }

    @Test("A proxy's user name and password are not shown")
    func masked() throws {
        let text = try loaded("upstream.proxy = \"http://user:hunter2@proxy:3128\"").toml
        #expect(text.contains("proxy = \"http://***@proxy:3128\"  # larder.toml, line 1"))
        #expect(!text.contains("hunter2"))
    }

    @Test func `settings that a process reports are read back`() throws {
        let own = try loaded(
            "ttl.catalog = \"7m\"\nlisten = [\"127.0.0.1:1\", \"unix:/x\"]\nserver.cors = false\nserver.max_headers = 12"
        )
        let rows = EffectiveSetting.all(of: own)
        #expect(rows.count == SettingsTable.all.count)
        #expect(rows.first { $0.name == "ttl.catalog" }?.origin == "larder.toml, line 1")
        let read = LoadedSettings(reported: rows.map { ($0.name, $0.value) })
        #expect(read.settings == own.settings)
        // What this version does not know, or cannot use, changes nothing.
        let odd = LoadedSettings(reported: [
            ("no.such", "1"), ("ttl.user", "\"soon\""), ("ttl.model", "\"9s\"\nworkers = 1"),
        ])
        #expect(odd.settings.ttl == Settings().ttl && odd.settings.workers == Settings().workers)
    }

    @Test func `every mistake is found, in the order of the layers`() {
        let loader = SettingsLoader(
            environment: ["LARDER_WORKERS": "0", "LARDER_NO_SUCH": "1"],
            files: MadeUpFiles(texts: ["larder.toml": "ttl.catalog = 7\nno_such = 1\nttl.user = \"3s\""]))
        let (loaded, mistakes) = loader.check(config: "larder.toml")
        #expect(mistakes.count == 4, "\(mistakes)")
        #expect(mistakes[0].description.contains("ttl.catalog") && mistakes[1].description.contains("no_such"))
        #expect(loaded.settings.ttl.user == .seconds(3))
        #expect(throws: mistakes[0]) { try loader.load(config: "larder.toml") }
    }
}
