import Catalog
import Testing

@testable import Serving

@Suite("Names of resources for operators")
struct ResourceLabelTests {
    private func facet(_ query: String) -> Resource? {
        guard case .forward(let forwarded) = QueryParser.parse(Array(query.utf8).span) else { return nil }
        return forwarded.clauses.first.flatMap(\.names.first).map { .facet($0, of: .catalog) }
    }

    @Test(
        "Of a facet the value is shown where Larder knows the parameter",
        arguments: [
            ("category=programming", "/models?category=programming"), ("providers=openai", "/models?providers=openai"),
            ("api_key=sk-or-v1-1", "/models?..."), ("category=sk-or-v1-1", "/models?category=..."),
            ("sort=top-weekly", "/models?sort=top-weekly"),
        ])
    func facets(query: String, label: String) throws {
        #expect(try #require(facet(query)).label == label)
    }

    @Test(
        "What a caller made up is not shown",
        arguments: [
            (.catalog, "/models"), (.userList, "/models/user"), (.model(id: "openai/gpt-4o"), "/model/openai/gpt-4o"),
            (.model(id: "a\"\n/b"), "/model/a__/b"), (.opaque(path: "/providers", query: ""), "/providers"),
            (.opaque(path: "/providers", query: "token=secret"), "/providers?..."),
        ] as [(Resource, String)])
    func labels(resource: Resource, label: String) { #expect(resource.label == label) }

    @Test("A long name is cut")
    func cut() {
        let label = Resource.model(id: String(repeating: "x", count: 5000)).label
        #expect(label.count == 83 && label.hasSuffix("x..."))
    }
}
