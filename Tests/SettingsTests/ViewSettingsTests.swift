import Catalog
import Foundation
import Testing

@testable import Settings

@Suite struct ViewSettingsTests {
    private static let team = """
        [views.team]
        query = "supported_parameters=tools&max_price=3"
        allow = ["openai/*"]
        deny = ["*:free", "openai/o?"]
        pin = ["openai/gpt-5.4"]
        [views.empty-one]
        query = ""
        """

    @Test func `views are read from the file, each with its keys`() throws {
        let views = try loaded(Self.team).settings.views
        #expect(views.names == ["empty-one", "team"])
        #expect(views["team"].query == "supported_parameters=tools&max_price=3")
        #expect(views["team"].allow == ["openai/*"] && views["team"].deny == ["*:free", "openai/o?"])
        #expect(views["team"].pin == ["openai/gpt-5.4"])
        #expect(views.compiled.map(\.name) == ["empty-one", "team"])
        #expect(try loaded("[views]").settings == Settings())
    }

    @Test func `an environment variable changes a view of the file, or makes one`() throws {
        let variables = [
            "LARDER_VIEWS_TEAM_QUERY": "q=gpt", "LARDER_VIEWS_EMPTY_ONE_DENY": "a/*,b/*",
            "LARDER_VIEWS_NEW_1_ALLOW": "x/*",
            "LARDER_VIEWS_NEW_1_PIN": "x/y, x/z", "LARDER_VIEWS_PORT": "tcp://10.0.0.1:5273",
        ]
        let result = try loaded(Self.team, environment: variables)
        let views = result.settings.views
        #expect(views.names == ["empty-one", "new_1", "team"])
        #expect(views["team"].query == "q=gpt" && views["team"].allow == ["openai/*"])
        #expect(views["empty-one"].deny == ["a/*", "b/*"])
        #expect(views["new_1"].allow == ["x/*"] && views["new_1"].pin == ["x/y", "x/z"])
        #expect(result.origin(of: "views.team.query") == .environment("LARDER_VIEWS_TEAM_QUERY"))
    }

    @Test func `what is shown can be loaded again, and comes to the same`() throws {
        let first = try loaded(Self.team)
        #expect(
            first.toml.contains(
                "\n[views.team]\nquery = \"supported_parameters=tools&max_price=3\"  # larder.toml, line 2\n"))
        #expect(first.toml.contains("\npin = []  # default\n"))
        #expect(try loaded(first.toml).settings == first.settings)
    }

    @Test(
        arguments: [
            (
                "views.t.qury = \"\"",
                "unknown setting `views.t.qury` in larder.toml, line 1; did you mean `views.t.query`?"
            ),
            (
                "[views.t]\nallowed = []",
                "unknown setting `views.t.allowed` in larder.toml, line 2; did you mean `views.t.allow`?"
            ),
            (
                "views.t.query = \"suported_parameters=tools\"",
                "bad value \"suported_parameters=tools\" for `views.t.query` in larder.toml, line 1: "
                    + "suported_parameters is unknown: did you mean supported_parameters?"
            ),
            (
                "views.t.query = \"max_price=x\"",
                "bad value \"max_price=x\" for `views.t.query` in larder.toml, line 1: max_price must be a number of 0 or more, "
                    + "not \"x\""
            ),
            (
                "views.t.query = \"limit=3\"",
                "bad value \"limit=3\" for `views.t.query` in larder.toml, line 1: limit cannot be part of a view: "
                    + "it belongs to a request"
            ),
            (
                "views.t.query = 7",
                "bad value 7 for `views.t.query` in larder.toml, line 1: expected a query such as "
                    + "supported_parameters=tools&max_price=3"
            ),
            (
                "views.t.allow = [\"openai\"]",
                "bad value [\"openai\"] for `views.t.allow` in larder.toml, line 1: \"openai\" matches no id: "
                    + "did you mean \"openai/*\"?"
            ),
            (
                "views.t.deny = [\"a/b\", \"a/b\"]",
                "bad value [\"a/b\", \"a/b\"] for `views.t.deny` in larder.toml, line 1: \"a/b\" is in the list twice"
            ),
            (
                "views.t.allow = \"\"\nviews.t.pin = [1]",
                "bad value [1] for `views.t.pin` in larder.toml, line 2: expected a list of ids such as openai/gpt-5.4"
            ),
            (
                "[views.t]\nallow = [\"a/*\"]\npin = [\"b/c\"]",
                "bad value \"b/c\" for `views.t.pin` in larder.toml, line 3: the view's allow and deny leave this model out"
            ),
            (
                "views.\"a b\".query = \"\"",
                "bad name \"a b\" of a view in larder.toml, line 1: expected letters, digits, - and _, at most 64 of them"
            ),
            (
                "views.a.b.query = \"\"",
                "bad name a.b of a view in larder.toml, line 1: expected letters, digits, - and _, at most 64 of them"
            ),
            (
                "views.team = \"q=x\"",
                "`views.team` in larder.toml, line 1 is not a setting: a view is a table such as [views.team] with "
                    + "query, allow, deny, pin"
            ),
            (
                "[views.team]",
                "`views.team` in larder.toml, line 1 is not a setting: a view is a table such as [views.team] with "
                    + "query, allow, deny, pin"
            ),
        ])
    func `a bad view is one line that says what is meant`(text: String, message: String) {
        #expect(fault(text) == message)
    }

    @Test func `a bad variable is one line too`() {
        #expect(
            fault(environment: ["LARDER_VIEWS_TEAM_QUERRY": ""])
                == "unknown setting in the environment variable LARDER_VIEWS_TEAM_QUERRY; "
                + "did you mean LARDER_VIEWS_TEAM_QUERY?")
        #expect(
            fault(environment: ["LARDER_VIEWS_É_QUERY": ""])
                == "bad name é of a view in LARDER_VIEWS_É_QUERY: expected letters, digits, - and _, at most 64 of them"
        )
        #expect(
            fault(
                "views.a-b.query = \"\"\nviews.a_b.query = \"\"", environment: ["LARDER_VIEWS_A_B_QUERY": ""])
                == "LARDER_VIEWS_A_B_QUERY is ambiguous: it could be for any of the views a-b, a_b")
    }

    @Test func `there are at most 64 views`() {
        let text = (0..<64).map { "views.v\($0).query = \"\"\n" }.joined()
        #expect(fault(text) == nil)
        #expect(fault(text + "views.more.query = \"\"") == "too many views: there are 65, expected at most 64")
    }

    @Test func `docs/settings.md has every key of a view, in order`() throws {
        let path = URL(filePath: #filePath).appending(path: "../../../docs/settings.md").standardized.path
        let page = try String(contentsOfFile: path, encoding: .utf8)
        let section = try #require(
            page.components(separatedBy: "## Views\n").last?.components(separatedBy: "\n## ").first)
        let rows = section.split(separator: "\n").filter { $0.hasPrefix("| `") }
        let keys = ViewSettings.definitions(of: "NAME")
        #expect(rows.count == keys.count)
        for (row, setting) in zip(rows, keys) {
            #expect(
                row
                    == "| `\(setting.name)` | `\(setting.standard)` | \(setting.explanation) | `\(setting.environmentName)` | yes |"
            )
        }
    }
}
