import Caching
import Testing

@testable import Settings

@Suite("Loading settings")
struct SettingsLoaderTests {
    @Test("Without a file, a variable or a flag the defaults stand")
    func defaults() throws {
        let result = try SettingsLoader(environment: ["PATH": "/bin"], files: MadeUpFiles()).load()
        #expect(result.settings == Settings())
        #expect(result.file == nil)
        #expect(result.origin(of: "ttl.catalog") == .standard)
        #expect(result.settings.upstream.url == "https://openrouter.ai/api/v1")
        #expect((1...256).contains(result.settings.workers))
    }

    @Test("A file may set everything")
    func everything() throws {
        let settings = try loaded(
            """
            listen = ["127.0.0.1:1", "unix:/tmp/x"]
            workers = 3
            filters.upstream = ["supported_parameters", "max_price"]
            [upstream]
            url = "http://localhost:8080/api/v1/"
            timeout = "1m"
            connect_timeout = "250ms"
            ca_file = "/dev/null/.."
            proxy = "http://u:p@proxy:3128"
            warm_up = false
            [ttl]
            catalog = "0s"
            user = "2m"
            opaque = "3m"
            model = "4m"
            negative = "1s"
            respect_upstream = true
            [stale]
            while_revalidate = "0s"
            if_error = "365d"
            [state]
            enabled = false
            dir = "/s"
            [cache]
            share = "never"
            max_bytes = 1048576
            [server]
            header_timeout = "1s"
            body_timeout = "2s"
            idle_timeout = "3s"
            max_connections = 10
            max_header_bytes = "16KiB"
            max_headers = 20
            max_target_bytes = "1KiB"
            drain_timeout = "0s"
            [log]
            level = "debug"
            format = "json"
            """.replacing("/dev/null/..", with: #filePath)
        ).settings
        #expect(settings.listen == [.tcp(host: "127.0.0.1", port: 1), .unix(path: "/tmp/x")])
        #expect(settings.workers == 3)
        #expect(settings.filters.upstream == ["supported_parameters", "max_price"])
        var upstream = Settings.Upstream()
        upstream.url = "http://localhost:8080/api/v1"
        upstream.timeout = .seconds(60)
        upstream.connectTimeout = .milliseconds(250)
        upstream.caFile = #filePath
        upstream.proxy = "http://u:p@proxy:3128"
        upstream.warmUp = false
        #expect(settings.upstream == upstream)
        let ttl = settings.ttl
        #expect([ttl.catalog, ttl.user, ttl.opaque] == [.zero, .seconds(120), .seconds(180)])
        #expect([ttl.model, ttl.negative] == [.seconds(240), .seconds(1)])
        #expect(ttl.respectUpstream)
        #expect([settings.stale.whileRevalidate, settings.stale.ifError] == [.zero, .seconds(365 * 86_400)])
        #expect(!settings.state.enabled && settings.state.directory == "/s")
        #expect(settings.cache.share == .never)
        #expect(settings.cache.maxBytes == 1_048_576)
        let server = settings.server
        #expect([server.headerTimeout, server.bodyTimeout] == [.seconds(1), .seconds(2)])
        #expect([server.idleTimeout, server.drainTimeout] == [.seconds(3), .zero])
        #expect([server.maxConnections, server.maxHeaders] == [10, 20])
        #expect([server.maxHeaderBytes, server.maxTargetBytes] == [16_384, 1024])
        #expect(settings.log.level == .debug)
        #expect(settings.log.format == .json)
    }

    @Test("A flag goes over the environment, the environment over the file")
    func layers() throws {
        var flags = SettingsLoader.Flags()
        flags.workers = "4"
        let result = try loaded(
            "workers = 2\n[ttl]\ncatalog = \"1m\"\nuser = \"3s\"",
            environment: ["LARDER_WORKERS": "3", "LARDER_TTL_CATALOG": "2m"], flags: flags)
        #expect(result.settings.workers == 4)
        #expect(result.origin(of: "workers") == .flag("--workers"))
        #expect(result.settings.ttl.catalog == .seconds(120))
        #expect(result.origin(of: "ttl.catalog") == .environment("LARDER_TTL_CATALOG"))
        #expect(result.settings.ttl.user == .seconds(3))
        #expect(result.origin(of: "ttl.user") == .file("larder.toml", line: 4))
        #expect(result.origin(of: "ttl.model") == .standard)
    }

    @Test("Every flag reaches its setting, and --listen may be repeated")
    func flags() throws {
        var flags = SettingsLoader.Flags()
        flags.listen = ["127.0.0.1:1,127.0.0.1:2", "unix:/x"]
        flags.upstream = "http://localhost:3/"
        flags.workers = "auto"
        flags.logLevel = "error"
        let settings = try loaded("workers = 200", flags: flags).settings
        #expect(settings.listen.map(\.description) == ["127.0.0.1:1", "127.0.0.1:2", "unix:/x"])
        #expect(settings.upstream.url == "http://localhost:3")
        #expect(settings.workers == Settings.cores)
        #expect(settings.log.level == .error)
    }

    @Test("The environment holds any type")
    func environmentTypes() throws {
        let settings = try loaded(environment: [
            "LARDER_LISTEN": "127.0.0.1:1, [::1]:1", "LARDER_UPSTREAM_WARM_UP": "false",
            "LARDER_SERVER_MAX_HEADERS": "7",
            "LARDER_CACHE_MAX_BYTES": "2MiB", "LARDER_CACHE_SHARE": "always", "LARDER_FILTERS_UPSTREAM": "q,sort",
            "LARDER_UPSTREAM_PROXY": "",
        ]).settings
        #expect(settings.listen.count == 2)
        #expect(!settings.upstream.warmUp)
        #expect(settings.server.maxHeaders == 7)
        #expect(settings.cache.maxBytes == 2 << 20)
        #expect(settings.cache.share == .always)
        #expect(settings.filters.upstream == ["q", "sort"])
        #expect(settings.upstream.proxy == nil)
    }

    @Test("Variables of the tests are no settings")
    func testVariables() throws {
        let result = try loaded(environment: ["LARDER_DATA": "/x", "LARDER_TEST_ANYTHING": "1", "LARDERS": "2"])
        #expect(result.settings == Settings())
    }

    @Test(
        "The state is in systemd's directory for it, else in the user's",
        arguments: [
            (["STATE_DIRECTORY": "/var/lib/larder", "HOME": "/h"], "/var/lib/larder"),
            (["STATE_DIRECTORY": "/a:/b"], "/a"), (["STATE_DIRECTORY": "", "HOME": "/h"], "/h/.local/state/larder"),
            (["XDG_STATE_HOME": "/s", "HOME": "/h"], "/s/larder"),
            (["XDG_STATE_HOME": "s", "HOME": "/h"], "/h/.local/state/larder"),
            (["LARDER_STATE_DIR": "", "HOME": "/h"], "/h/.local/state/larder"),
            (["LARDER_STATE_DIR": "/own", "STATE_DIRECTORY": "/a", "HOME": "/h"], "/own"),
            (["HOME": ""], nil), ([:], nil),
        ] as [([String: String], String?)])
    func stateDirectory(environment: [String: String], expected: String?) throws {
        let state = try loaded(environment: environment).settings.state
        #expect(state.directory == expected && state.enabled)
        let none = try loaded("state.enabled = false", environment: environment).settings.state
        #expect(none.directory == expected && !none.enabled)
    }

    @Test("A flag turns the state on or off, the demo too; a directory that is named is used")
    func stateFlags() throws {
        func inUse(_ text: String, _ change: (inout SettingsLoader.Flags) -> Void) throws -> String? {
            var flags = SettingsLoader.Flags()
            change(&flags)
            let state = try loaded(text, environment: ["HOME": "/h"], flags: flags).settings.state
            return state.enabled ? state.directory : nil
        }
        #expect(try inUse("") { _ in } == "/h/.local/state/larder")
        #expect(try inUse("") { $0.noState = true } == nil)
        #expect(try inUse("state.dir = \"/own\"") { $0.demo = true } == nil)
        #expect(try inUse("state.enabled = false") { $0.stateDirectory = "/flag" } == "/flag")
        #expect(
            try inUse("state.dir = \"/own\"") {
                $0.demo = true
                $0.stateDirectory = "/flag"
            } == "/flag")
        #expect(fault("state.dir = \"~/larder\"")?.hasPrefix("bad value \"~/larder\" for `state.dir`") == true)
    }

    @Test(
        "Without --config the first default file that exists is read",
        arguments: [
            (["HOME": "/h", "XDG_CONFIG_HOME": "/x"], "/x/larder/larder.toml"),
            (["HOME": "/h"], "/h/.config/larder/larder.toml"),
            (["HOME": "/h", "XDG_CONFIG_HOME": "relative"], "/h/.config/larder/larder.toml"),
            (["HOME": "/h", "XDG_CONFIG_HOME": ""], "/h/.config/larder/larder.toml"),
            (["HOME": ""], "/etc/larder/larder.toml"), (["HOME": "/other"], "/etc/larder/larder.toml"),
            ([:], "/etc/larder/larder.toml"), (["XDG_CONFIG_HOME": "/other"], "/etc/larder/larder.toml"),
        ])
    func defaultFiles(environment: [String: String], expected: String) throws {
        let paths = ["/x/larder/larder.toml", "/h/.config/larder/larder.toml", "/etc/larder/larder.toml"]
        let files = MadeUpFiles(texts: Dictionary(uniqueKeysWithValues: paths.map { ($0, "workers = 9") }))
        let result = try SettingsLoader(environment: environment, files: files).load()
        #expect(result.file == expected)
        #expect(result.settings.workers == 9)
    }
}
