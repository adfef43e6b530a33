import Bytes
import Catalog
import Foundation
import Serving
import Testing

/// That docs/http.md and docs/openapi.json tell of every route and parameter that there is, and of no other.
@Suite struct InterfaceDocsTests {
    private static func file(_ path: String) throws -> Data {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try Data(contentsOf: root.appendingPathComponent(path))
    }

    private static let page = "/_larder/"

    /// The parameters with which upstream's answer has another form than a list.
    private static let forms = ["use_rss", "client_version"]

    private static func text() throws -> String { String(decoding: try file("docs/http.md"), as: UTF8.self) }

    private static func document() throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: file("docs/openapi.json")) as? [String: Any])
    }

    /// What a documented path is to Larder, in a word; "other" for one that it does not know.
    private static func meaning(of path: String) -> String {
        // The page for browsers, which is none of those that all loops are asked for.
        if path == page { return path }
        let bytes = Array(
            path.replacingOccurrences(of: "{author}", with: "openai").replacingOccurrences(of: "{slug}", with: "gpt-4o")
                .utf8)
        let base = ViewPrefix(bytes.span) != nil ? "view " : Route.base(of: bytes.span) == .openAI ? "openai " : ""
        return switch Route(path: bytes.span) {
        case .model(_, let isPlural): base + (isPlural ? "models/one" : "model/one")
        case .export: path
        case .list(let list): list.rawValue
        case .data(let range): String(decoding: bytes[range], as: UTF8.self)
        case .own: AdminPage(path: bytes.span)?.rawValue ?? (HistoryPath(path: bytes.span) == nil ? "other" : path)
        case let route: "\(base)\(route.kind.name)"
        }
    }

    /// Everything that Larder answers itself, in the same words.
    private static var known: Set<String> {
        var words = Set(Route.Kind.allCases.map { "\($0.name)" })
        words.subtract(["other", "none", "own", "list", "data", "model", "export"])
        words.formUnion(["openai models", "openai models/one"] + Route.exportPaths)
        words.formUnion(["view models", "view count", "view user", "view models/one"])
        words.formUnion(["/benchmarks", "/datasets/{path}", "/classifications/task", "/tools", "/tools/{name}"])
        words.formUnion(["models/one", "model/one"])
        words.formUnion(Route.StaticList.allCases.map(\.rawValue))
        words.formUnion(AdminPage.allCases.map(\.rawValue) + [page])
        words.formUnion(["/_larder/changes", "/_larder/changes.atom", "/_larder/history/{author}/{slug}"])
        return words
    }

    @Test func `docs/openapi.json has every route, each with its methods, and no other`() throws {
        let paths = try #require(try Self.document()["paths"] as? [String: [String: Any]])
        #expect(Set(paths.keys.map(Self.meaning)) == Self.known)
        #expect(paths.count == Self.known.count)
        for (path, operations) in paths {
            let isAction = AdminPage(rawValue: path)?.isAction ?? false
            #expect(Set(operations.keys) == [isAction ? "post" : "get"], "\(path)")
        }
    }

    @Test func `docs/openapi.json has 421 where host names are checked, and 508 where upstream is used`() throws {
        let paths = try #require(try Self.document()["paths"] as? [String: [String: [String: Any]]])
        for (path, operations) in paths {
            for operation in operations.values {
                let responses = try #require(operation["responses"] as? [String: Any])
                #expect((responses["421"] != nil) == !["/healthz", "/readyz"].contains(path), "\(path)")
                #expect(
                    (responses["508"] != nil) == ["/api/v1/", "/openai/v1/", "/view/"].contains { path.hasPrefix($0) },
                    "\(path)")
            }
        }
    }

    @Test func `docs/http.md has every route and no other`() throws {
        let section = try #require(try Self.text().components(separatedBy: "## Everything else").first)
        let paths = section.matches(of: /\n\| `(\/[^`]*)`/).map { String($0.output.1) }
        #expect(Set(paths.map(Self.meaning)) == Self.known)
        #expect(paths.count == Self.known.count)
    }

    @Test(arguments: ["/api/v1/models", "/api/v1/models/count", "/api/v1/models/user"])
    func `docs/openapi.json has every parameter of a list and no other`(path: String) throws {
        let paths = try #require(try Self.document()["paths"] as? [String: [String: [String: Any]]])
        let listed = try #require(paths[path]?["get"]?["parameters"] as? [[String: String]])
        let names = listed.compactMap { $0["$ref"]?.split(separator: "/").last.map(String.init) }
        // There is no history of a key's own list.
        let excluded = path.hasSuffix("/user") ? ["larder_as_of"] : []
        #expect(names.sorted() == ParameterTable.all.map(\.name).filter { !excluded.contains($0) }.sorted())
    }

    @Test func `docs/http.md has every parameter and every known value`() throws {
        let page = try Self.text()
        for definition in ParameterTable.all {
            #expect(page.contains("`\(definition.name)`"), "\(definition.name)")
            for value in definition.kind.knownValues where definition.kind != .flag {
                #expect(page.contains("`\(value)`"), "\(definition.name)=\(value)")
            }
        }
    }

    @Test(arguments: ParameterTable.all.map(\.name))
    func `docs/openapi.json has the kind, the bounds and the known values of a parameter`(name: String) throws {
        let definition = try #require(ParameterTable.all.first { $0.name == name })
        let components = try #require(try Self.document()["components"] as? [String: [String: [String: Any]]])
        let parameter = try #require(components["parameters"]?[name])
        #expect(parameter["name"] as? String == name)
        let schema = try #require(parameter["schema"] as? [String: Any])
        let type = schema["type"] as? String
        switch definition.kind {
        case .text, .name, .names, .flag: #expect(type == "string")
        case .namesAmong(let names):
            #expect(type == "string")
            let pattern = try Regex(try #require(schema["pattern"] as? String))
            for name in names { #expect(try pattern.wholeMatch(in: name) != nil, "\(name)") }
            #expect(try pattern.wholeMatch(in: "nonsense") == nil)
        case .oneOf(let values):
            #expect(type == "string")
            #expect((schema["enum"] as? [String] ?? []).sorted() == values.sorted())
        case .integer(let range):
            #expect(type == "integer")
            #expect((schema["minimum"] as? NSNumber)?.int64Value == range.lowerBound)
            // JSON's integers are exact up to here (RFC 8259 section 6).
            #expect((schema["maximum"] as? NSNumber)?.int64Value == min(range.upperBound, 9_007_199_254_740_991))
        case .number, .share:
            #expect(type == "number")
            #expect((schema["minimum"] as? NSNumber)?.int64Value == 0)
            #expect((schema["maximum"] as? NSNumber)?.int64Value == (definition.kind == .share ? 1 : nil))
        }
    }
}
