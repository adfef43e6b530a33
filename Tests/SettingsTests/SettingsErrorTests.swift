import Testing

@testable import Settings

@Suite("Faults in settings")
struct SettingsErrorTests {
    @Test(
        "An unknown name is told with its line and the nearest known one",
        arguments: [
            ("\n[ttl]\ncatalogue = \"5m\"", "`ttl.catalogue` in larder.toml, line 3; did you mean `ttl.catalog`?"),
            ("ttl.catlog = \"5m\"", "`ttl.catlog` in larder.toml, line 1; did you mean `ttl.catalog`?"),
            ("[tll]\ncatalog = \"5m\"", "`tll.catalog` in larder.toml, line 2; did you mean `ttl.catalog`?"),
            ("[tll]", "`tll` in larder.toml, line 1"), ("a.b.c = {}", "`a.b.c` in larder.toml, line 1"),
            ("x = [{ y = 1 }]", "`x` in larder.toml, line 1"),
            ("listn = \"x\"", "`listn` in larder.toml, line 1; did you mean `listen`?"),
            ("[ttl.catalog]\nx = 1", nil),
            ("zzzzzz = 1\nbad = 2", "`zzzzzz` in larder.toml, line 1"),
            // A dot in quotes is part of a key, and parts no tables.
            ("'ttl.catalog' = \"5m\"", "`\"ttl.catalog\"` in larder.toml, line 1; did you mean `ttl.catalog`?"),
            ("[\"a\\nb\"]\n' ' = 1", "`\"a\\nb\".\" \"` in larder.toml, line 2"),
            ("\"ttl\".'catlog' = \"5m\"", "`ttl.catlog` in larder.toml, line 1; did you mean `ttl.catalog`?"),
            ("[stall]\nif_errors = \"1h\"", "`stall.if_errors` in larder.toml, line 2"),
        ] as [(String, String?)])
    func unknownNames(text: String, expected: String?) {
        guard let expected else {
            #expect(fault(text)?.hasPrefix("bad value") == true)
            return
        }
        #expect(fault(text)?.hasPrefix("unknown setting " + expected) == true, "\(fault(text) ?? "none")")
    }

    @Test(
        "An address cannot be for Larder's own pages and for everything",
        arguments: [
            ("127.0.0.1:5273", "localhost:5273"), ("localhost:5273", "[::1]:5273"), ("0.0.0.0:1", "127.0.0.1:1"),
            ("10.0.0.1:1", "0.0.0.0:1"), ("[::1]:1", "[::]:1"), ("[0:0:0:0:0:0:0:0]:1", "[fd00::1]:1"),
            ("[::1]:1", "[0:0::1]:1"), ("[FD00::A]:1", "[fd00:0::a]:1"), ("[fe80::1%eth0]:1", "[::]:1"),
            ("localhost:1", "0.0.0.0:1"), ("unix:/run/a", "unix:/run/a"), ("Name:1", "name:1"),
        ])
    func sharedAddresses(admin: String, listen: String) {
        let fault = fault("listen = \"\(listen)\"\nadmin.listen = [\"127.0.0.1:7\", \"\(admin)\"]")
        #expect(
            fault?.hasPrefix("bad value \"\(admin)\" for `admin.listen` in larder.toml, line 2: `listen` has") == true,
            "\(fault ?? "none")")
    }

    @Test(
        "Other addresses can",
        arguments: [
            ("127.0.0.1:5274", "localhost:5273"), ("127.0.0.1:0", "127.0.0.1:0"), ("127.0.0.1:1", "127.0.0.2:1"),
            ("10.0.0.1:1", "[::]:1"), ("[::1]:1", "0.0.0.0:1"), ("0.0.0.0:1", "[::]:1"), ("[::1]:1", "[fd00::1]:1"),
            ("[fe80::1%eth0]:1", "[fe80::1%eth1]:1"), ("127.0.0.1:1", "[::1]:1"), ("unix:/run/a", "unix:/run/b"),
            // Whether they overlap is found when the sockets are opened.
            ("name:1", "0.0.0.0:1"), ("name:1", "other:1"),
        ])
    func separateAddresses(admin: String, listen: String) {
        #expect(fault("listen = \"\(listen)\"\nadmin.listen = \"\(admin)\"") == nil)
        #expect(fault("admin.listen = \"\"") == nil && fault("admin.listen = []") == nil)
        #expect(fault("admin.listen = \"5274\"")?.hasPrefix("bad value") == true)
    }

    @Test("A table is no setting")
    func tables() {
        #expect(
            fault("ttl = \"5m\"")
                == "`ttl` in larder.toml, line 1 is a table of settings such as `ttl.catalog`, not a setting")
    }

    @Test("Of several faults in a file the first is told")
    func firstFault() {
        #expect(fault("workers = 1\n[ttl]\nuser = \"x\"\n[cache]\nshare = \"y\"")?.contains("line 3") == true)
    }

    @Test("An unknown variable is told with the nearest known one")
    func unknownVariables() {
        #expect(
            fault(environment: ["LARDER_TTL_CATALOGUE": "5m"])
                == "unknown setting in the environment variable LARDER_TTL_CATALOGUE; did you mean LARDER_TTL_CATALOG?")
    }

    @Test(
        "A bad value is told with its place and with what is expected",
        arguments: [
            (
                "[ttl]\ncatalog = \"5 minutes\"",
                "bad value \"5 minutes\" for `ttl.catalog` in larder.toml, line 2: expected a duration from 0s to "
                    + "365d, such as 500ms, 10s, 5m, 1h or 2d"
            ),
            (
                "workers = 257",
                "bad value 257 for `workers` in larder.toml, line 1: expected a whole number from 1 to 256, or \"auto\""
            ),
            (
                "cache = { share = \"some\" }",
                "bad value \"some\" for `cache.share` in larder.toml, line 1: expected \"auto\", "
                    + "\"never\" or \"always\""
            ),
            (
                "cache.max_bytes = \"1KB\"",
                "bad value \"1KB\" for `cache.max_bytes` in larder.toml, line 1: expected a size from 1MiB to 1024GiB, "
                    + "such as 512B, 64KiB, 256MiB or 1GiB"
            ),
            (
                "upstream.warm_up = \"yes\"",
                "bad value \"yes\" for `upstream.warm_up` in larder.toml, line 1: expected true or false"
            ),
        ])
    func badValues(text: String, expected: String) {
        #expect(fault(text) == expected)
    }

    @Test(
        "Values of the wrong type or out of range are refused",
        arguments: [
            "listen = []", "listen = \"\"", "listen = [1]", "listen = 5273",
            "listen = [\"127.0.0.1:1\", \"127.0.0.1:1\"]",
            "listen = [\"localhost:1\", \"127.0.0.1:1\"]", "listen = \"[::1]:1,localhost:1\"",
            "listen = [\"127.0.0.1:1,127.0.0.1:2\"]", "workers = 0", "workers = -1", "workers = 1.5", "workers = true",
            "workers = \"all\"", "upstream.url = \"openrouter.ai\"", "upstream.url = \"\"", "upstream.timeout = 10",
            "upstream.timeout = \"0s\"", "upstream.timeout = \"2d\"", "upstream.ca_file = \"/nowhere/at/all\"",
            "upstream.ca_file = \"/\"", "upstream.proxy = \"proxy\"", "upstream.warm_up = 1", "ttl.user = \"366d\"",
            "ttl.user = 1.5", "ttl.respect_upstream = \"\"", "cache.max_bytes = 0", "cache.max_bytes = 1.0",
            "filters.upstream = [\"nothing\"]", "filters.upstream = [\"q\", \"q\"]", "filters.upstream = [\"limit\"]",
            "server.max_headers = 0", "log.level = \"loud\"", "log.level = \"INFO\"", "log.format = \"\"",
        ])
    func refuses(text: String) {
        #expect(fault(text)?.hasPrefix("bad value ") == true, "\(fault(text) ?? "none")")
    }

    @Test("A value is checked even where a higher layer overrides it")
    func overriddenFault() {
        #expect(fault("workers = 0", environment: ["LARDER_WORKERS": "2"])?.contains("line 1") == true)
    }

    @Test("Variables and flags are named as the place")
    func otherPlaces() {
        var flags = SettingsLoader.Flags()
        flags.logLevel = "loud"
        #expect(fault(flags: flags)?.hasPrefix("bad value \"loud\" for `log.level` in --log-level: ") == true)
        #expect(
            fault(environment: ["LARDER_WORKERS": "two"])?
                .hasPrefix("bad value \"two\" for `workers` in LARDER_WORKERS: ") == true)
    }

    @Test(
        "What is not TOML is told with its line, its column and the reason",
        arguments: [
            ("workers = 1\nworkers = 2", "line 2, column 1: `workers` already has a value, set on line 1"),
            ("[ttl]\n[cache]\n[ttl]", "line 3, column 2: the table `ttl` is already defined on line 1"),
            ("[ttl", "line 1, column 5: expected `]` after the name of the table"),
            ("a = 1\n\nb ==", "line 3, column 4: expected a value, not `=`"),
            ("x = 1\ny = \0", "line 2, column 5: expected a value, not `\\u0000`"),
            ("x = \"\n", "line 1, column 5: the string has no closing quote on its line"),
            ("é = 1", "line 1, column 1: expected a key, not `é`; a key with such a character needs quotes"),
            ("\r\n[]\r\n", "line 2, column 2: expected the name of a table, not `]`"),
            ("ttl.catalog = 5m", "line 1, column 15: `5m` is not a value; text needs quotes: \"5m\""),
            ("log.access = True", "line 1, column 14: `True` is not a value; did you mean `true`?"),
            (
                "state.dir = \"C:\\x\"",
                "line 1, column 16: unknown escape in a string; write `\\\\` for a backslash, or use single quotes"
            ),
        ])
    func syntax(text: String, expected: String) {
        #expect(fault(text) == "not valid TOML in larder.toml, " + expected)
    }

    @Test(
        "Types of TOML that no setting has are shown as they are",
        arguments: [
            ("ttl.user = 1979-05-27 07:32:00Z", "1979-05-27 07:32:00Z"), ("workers = 1.50", "1.5"),
            ("workers = -inf", "-inf"), ("log.level = { a.b = ['x'] }", "{ a = { b = [\"x\"] } }"),
            ("[workers]\nx = 1", "{ x = 1 }"), ("[[log.level]]", "[{}]"), ("listen = [1, 2.0]", "[1, 2.0]"),
        ])
    func otherTypes(text: String, shown: String) {
        #expect(fault(text)?.hasPrefix("bad value \(shown) for `") == true, "\(fault(text) ?? "none")")
    }

    @Test("A file that is named has to be there, and one that is there has to be readable")
    func unreadable() {
        let files = MadeUpFiles(unreadable: ["/etc/larder/larder.toml": "permission denied"])
        let loader = SettingsLoader(environment: [:], files: files)
        #expect(throws: SettingsError(description: "cannot read /nope: no such file")) {
            try loader.load(config: "/nope")
        }
        #expect(throws: SettingsError(description: "cannot read /etc/larder/larder.toml: permission denied")) {
            try loader.load()
        }
    }

    @Test("No message shows a proxy's password or breaks the line, and a long value is cut short")
    func discretion() {
        for value in ["http://user:hunter2@", "user:hunter2@proxy", "ftp://user:hunter2@proxy"] {
            #expect(fault(environment: ["LARDER_UPSTREAM_PROXY": value])?.contains("hunter2") == false)
            #expect(fault(environment: ["LARDER_UPSTREAM_URL": value])?.contains("hunter2") == false)
        }
        let secret = "http://user:hunter2@proxy:3128"
        for name in ["upstream.proxy", "upstream.url", "fleet.url"] {
            for text in [
                "\(name) = \(secret)", "\(name) = [\"\(secret)\"]", "\(name) = [[1, \"\(secret)\"]]",
                "\(name) = { url = \"\(secret)\" }", "[\(name)]\nurl = \"\(secret)\"", "\(name) = \"\(secret)",
                "\(name) = '\(secret)", "\(name) = \(secret), 5",
            ] { #expect(fault(text)?.contains("hunter") == false, "\(text)") }
        }
        let long = fault("log.level = \"a\\nb\\u001b" + String(repeating: "x", count: 5000) + "\"") ?? ""
        #expect(long.hasPrefix("bad value \"a\\nb\\u001Bxxx"))
        #expect(long.count < 400)
    }
}
