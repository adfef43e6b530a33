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
        return switch Route(path: bytes.span) {
        case .model(_, let isPlural): isPlural ? "models/one" : "model/one"
        case .list(let list): list.rawValue
        case .own: OwnPage(path: bytes.span)?.rawValue ?? "other"
        case let route: "\(route.kind.name)"
        }
    }

    /// Everything that Larder answers itself, in the same words.
    private static var known: Set<String> {
        var words = Set(Route.Kind.allCases.map { "\($0.name)" })
        words.subtract(["other", "none", "own", "list", "model"])
        words.formUnion(["models/one", "model/one"])
        words.formUnion(Route.StaticList.allCases.map(\.rawValue))
        words.formUnion(OwnPage.allCases.map(\.rawValue) + [page])
        return words
    }

    @Test func `docs/openapi.json has every route, each with its methods, and no other`() throws {
        let paths = try #require(try Self.document()["paths"] as? [String: [String: Any]])
        #expect(Set(paths.keys.map(Self.meaning)) == Self.known)
        #expect(paths.count == Self.known.count)
        for (path, operations) in paths {
            let isAction = OwnPage(rawValue: path)?.isAction ?? false
            #expect(Set(operations.keys) == [isAction ? "post" : "get"], "\(path)")
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
        #expect(Set(names) == Set(KnownParameters.names + ["use_rss"]))
        #expect(names.count == KnownParameters.names.count + 1)
    }

    @Test func `both have every parameter and every order`() throws {
        let page = try Self.text()
        for name in KnownParameters.names + KnownParameters.sorts + KnownParameters.inputModalities
            + KnownParameters.outputModalities
        {
            #expect(page.contains("`\(name)`"), "\(name)")
        }
        let components = try #require(try Self.document()["components"] as? [String: [String: [String: Any]]])
        let parameters = try #require(components["parameters"])
        for name in KnownParameters.names + ["use_rss"] { #expect(parameters[name]?["name"] as? String == name) }
        let sort = try #require(parameters["sort"]?["schema"] as? [String: Any])
        let orders = try #require(sort["enum"] as? [String])
        #expect(orders.sorted() == KnownParameters.sorts.sorted())
    }
}
