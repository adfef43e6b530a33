import Catalog
import Foundation
import Logging
import Settings
import Testing

@testable import Daemon
@testable import Metrics
@testable import Serving

/// That the pages for operators have everything that there is, and nothing else.
@Suite struct DocumentationTests {
    private static func file(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    /// The cells of the table rows whose first cell is code that `accepts` takes.
    private static func rows(_ text: String, where accepts: (String) -> Bool = { _ in true }) -> [[String]] {
        text.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            line.dropFirst().dropLast().components(separatedBy: " | ").map {
                $0.trimmingCharacters(in: .whitespaces)
            }
        }.filter { accepts(plain($0[0])) }
    }

    private static func plain(_ code: String) -> String { code.replacingOccurrences(of: "`", with: "") }

    @Test func `docs/metrics.md has every metric with its type, labels and help, in order`() throws {
        let page = try Self.file("docs/metrics.md")
        let rows = Self.rows(page) { $0.wholeMatch(of: /(larder|process)_\w+/) != nil }
        #expect(rows.map { Self.plain($0[0]) } == MetricsTable.all.map(\.name))
        #expect(rows.map { $0[1] } == MetricsTable.all.map(\.kind.rawValue))
        #expect(rows.map { Self.plain($0[2]) } == MetricsTable.all.map { $0.labels.joined(separator: ", ") })
        #expect(rows.map { $0[3] } == MetricsTable.all.map(\.help))
        #expect(rows.allSatisfy { $0.count == 5 && $0[4].count > 10 })
        let decisions = Self.rows(page) { name in RequestDecision.allCases.contains { $0.name.description == name } }
        #expect(decisions.map { Self.plain($0[0]) } == RequestDecision.allCases.map(\.name.description))
        #expect(decisions.map { $0[1] } == RequestDecision.allCases.map(\.meaning))
        for route in Route.Kind.allCases { #expect(page.contains("`\(route.name)`")) }
    }

    @Test func `docs/metrics.md has every alert of the rules, in order, and the pages name no other`() throws {
        let rules = try Self.file("deploy/prometheus/larder.rules.yaml")
        let alerts = rules.matches(of: /- alert: (\w+)/).map { String($0.output.1) }
        #expect(alerts.count > 5)
        let rows = Self.rows(try Self.file("docs/metrics.md")) { $0.hasPrefix("Larder") }
        #expect(rows.map { Self.plain($0[0]) } == alerts)
        for page in ["README.md", "docs/metrics.md", "docs/operations.md", "docs/fleet.md", "docs/containers.md"] {
            for match in try Self.file(page).matches(of: /`(Larder[A-Z]\w+)`/) {
                #expect(alerts.contains(String(match.output.1)), "\(page): \(match.output.1)")
            }
        }
    }

    @Test func `the release's number is the same everywhere`() throws {
        let places: [(String, Regex<(Substring, Substring)>)] = [
            ("CHANGELOG.md", /\n## ([0-9]+\.[0-9]+\.[0-9]+)\b/),
            ("Dockerfile", /image\.version="([^"]*)"/),
            ("deploy/kubernetes/kustomization.yaml", /newTag: "([^"]*)"/),
            ("docs/openapi.json", /"version": "([^"]*)"/),
            ("docs/command-line.md", /`larder ([0-9.]+) \(/),
            ("docs/systemd.md", /larder_([0-9.]+)-/),
        ]
        for (path, pattern) in places {
            let found = try Self.file(path).firstMatch(of: pattern)?.output.1
            #expect(found.map(String.init) == version, "\(path)")
        }
    }

    @Test func `docs/operations.md has every event with its level`() throws {
        let table = try #require(try Self.file("docs/operations.md").split(separator: "| Event |").last)
        let rows = Self.rows(String(try #require(table.split(separator: "\n\n").first)))
        #expect(rows.map { Self.plain($0[0]) } == LogEventName.allCases.map(\.rawValue))
        #expect(rows.map { $0[1] } == LogEventName.allCases.map(\.level.rawValue))
        #expect(rows.allSatisfy { $0.count == 4 })
    }

    @Test func `docs/operations.md has every finding of the verdict with its level`() throws {
        let table = try #require(try Self.file("docs/operations.md").split(separator: "| Code |").last)
        let rows = Self.rows(String(try #require(table.split(separator: "\n\n").first)))
        #expect(
            rows.map { Self.plain($0[0]) }
                == Finding.Code.allCases.map(\.rawValue).sorted { one, other in
                    let (one, other) = (Finding.Code(rawValue: one), Finding.Code(rawValue: other))
                    return one?.level ?? .ok > other?.level ?? .ok
                })
        #expect(rows.map { $0[1] } == rows.map { Finding.Code(rawValue: Self.plain($0[0]))?.level.rawValue ?? "" })
        #expect(rows.allSatisfy { $0.count == 4 })
    }

    @Test func `the events of the table in docs/operations.md all exist`() throws {
        let page = try Self.file("docs/operations.md")
        let table = try #require(page.split(separator: "| Event |").last?.split(separator: "\n\n").first)
        let names = Self.rows(String(table)).map { Self.plain($0[0]) }
        #expect(names.count == LogEventName.allCases.count)
        for name in names { #expect(LogEventName(rawValue: name) != nil, "\(name)") }
    }

    @Test func `the pages for operators name no metric and no label's value that does not exist`() throws {
        let known = Set(MetricsTable.all.map(\.name) + ParameterTable.all.map(\.name))
        for page in ["README.md", "PERFORMANCE.md", "docs/metrics.md", "docs/operations.md", "docs/systemd.md"] {
            for match in try Self.file(page).matches(of: /\b(?:larder|process)_[a-z_]+[a-z]\b/) {
                #expect(known.contains(String(match.output)), "\(page): \(match.output)")
            }
        }
        let labels = try #require(try Self.file("docs/metrics.md").components(separatedBy: "## Labels").last)
        for (label, values) in [
            ("route", Route.Kind.allCases.map { "\($0.name)" }),
            ("kind", UpstreamMetrics.Kind.allCases.map { "\($0.name)" }),
            ("reason", UpstreamMetrics.Reason.allCases.map { "\($0.name)" }),
        ] {
            let paragraph = try #require(
                labels.components(separatedBy: "\n\n").first { $0.hasPrefix("`\(label)`") }, "\(label)")
            let documented = paragraph.matches(of: /`([a-z]+)`/).map { String($0.output.1) }.dropFirst()
            #expect(Set(documented) == Set(values) && documented.count == values.count, "\(label): \(documented)")
        }
    }

    /// A list of the page's script, without its brackets.
    private static func list(_ name: String, in script: String) throws -> String {
        let start = try #require(script.range(of: "const \(name) = ["), "\(name)")
        let end = try #require(script.range(of: "];", range: start.upperBound..<script.endIndex), "\(name)")
        return String(script[start.upperBound..<end.lowerBound])
    }

    /// The parameters for which the page has no control, each with the reason.
    private static let withoutControl = [
        "larder_fields": "the page shows all members of a model",
        "larder_as_of": "the list is that of now; the details of a model show its history",
        "use_rss": "the answer is a feed, not a list",
        "client_version": "the answer has Codex's form, which the page does not read",
    ]

    @Test func `the page has a control for every parameter but those that are named here, and no other`() throws {
        let groups = try Self.list("filterGroups", in: Self.file("Sources/Page/Parts/filters.js"))
        let field = /\["([a-z_]+)", (?:null|"[^"]*"), "(?:search|select|choices|text|decimal|integer)"/
        let controls = groups.matches(of: field).map { String($0.output.1) }
        let names = ParameterTable.all.map(\.name)
        #expect(controls.sorted() == names.filter { Self.withoutControl[$0] == nil }.sorted())
        for name in Self.withoutControl.keys { #expect(names.contains(name), "\(name)") }
    }

    @Test func `the page offers every known order and modality, and no other`() throws {
        let script = try Self.file("Sources/Page/Parts/filters.js")
        let orders = try Self.list("sorts", in: script).matches(of: /\["([-a-z]+)",/).map { String($0.output.1) }
        #expect(orders.sorted() == ParameterTable.sort.kind.knownValues.sorted())
        let outputs = try Self.list("modalities", in: script).matches(of: /"([a-z]+)"/).map { String($0.output.1) }
        #expect((outputs + ["all"]).sorted() == ParameterTable.outputModalities.kind.knownValues.sorted())
        let field = /"input_modalities", null, "choices", \[([^\]]+)\]/
        let choices = try #require(script.firstMatch(of: field)?.output.1)
        let inputs = choices.matches(of: /"([a-z]+)"/).map { String($0.output.1) }
        #expect(inputs.sorted() == ParameterTable.inputModalities.kind.knownValues.sorted())
    }

    @Test func `the dashboard's panels stand beside one another and ask the data source that is chosen`() throws {
        let dashboard = try JSONSerialization.jsonObject(with: Data(try Self.file("deploy/grafana/larder.json").utf8))
        let panels = try #require((dashboard as? [String: Any])?["panels"] as? [[String: Any]])
        #expect(panels.count > 10 && Set(panels.compactMap { $0["id"] as? Int }).count == panels.count)
        var taken: Set<[Int]> = []
        for panel in panels {
            let position = try #require(panel["gridPos"] as? [String: Int])
            let (x, y) = (try #require(position["x"]), try #require(position["y"]))
            let (width, height) = (try #require(position["w"]), try #require(position["h"]))
            #expect(x >= 0 && x + width <= 24)
            for column in x..<x + width {
                for row in y..<y + height { #expect(taken.insert([column, row]).inserted, "\(panel["title"] ?? "")") }
            }
            #expect((panel["datasource"] as? [String: String])?["uid"] == "${datasource}")
            for target in try #require(panel["targets"] as? [[String: String]]) {
                let expression = try #require(target["expr"])
                #expect(expression.contains("instance=~\"$instance\""), "\(expression)")
                #expect(expression.count { $0 == "(" } == expression.count { $0 == ")" }, "\(expression)")
            }
        }
    }

    @Test func `the dashboard uses metrics that exist, with labels that they have`() throws {
        let dashboard = try Self.file("deploy/grafana/larder.json")
        _ = try JSONSerialization.jsonObject(with: Data(dashboard.utf8))
        var used: Set<String> = []
        for match in dashboard.matches(of: /\b(?:larder|process)_[a-z_]+/) {
            var name = String(match.output)
            for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
                name = String(name.dropLast(suffix.count))
            }
            used.insert(name)
        }
        let known = Set(MetricsTable.all.map(\.name))
        #expect(used.subtracting(known).isEmpty)
        #expect(known.subtracting(used).isEmpty)
        let labels = Set(MetricsTable.all.flatMap(\.labels) + ["instance", "le"])
        for match in dashboard.matches(of: /by \(([a-z_]+)\)/) { #expect(labels.contains(String(match.output.1))) }
        for match in dashboard.matches(of: /[{,]([a-z_]+)=~?\\"/) { #expect(labels.contains(String(match.output.1))) }
    }
}
