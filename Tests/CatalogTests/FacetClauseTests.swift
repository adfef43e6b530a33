import Catalog
import Testing

@Suite struct FacetClauseTests {
    private func clauses(_ query: String, upstreamParameters: Set<String> = []) -> [[String]]? {
        guard case .forward(let forwarded) = plan(query, upstreamParameters: upstreamParameters) else { return nil }
        return forwarded.clauses.map { $0.names.map(\.pair) }
    }

    @Test(arguments: [
        ("providers=OpenAI,Azure", [["providers=Azure%2COpenAI"]]),
        ("providers=Azure,OpenAI", [["providers=Azure%2COpenAI"]]),
        ("providers=+OpenAI+,,+Google+AI,OpenAI", [["providers=Google%20AI%2COpenAI"]]),
        ("output_modalities=text,smell,,text", [["output_modalities=smell%2Ctext"]]),
        ("input_modalities=smell,+image", [["input_modalities=image%2Csmell"]]),
        ("region=eu,us", [["region=eu%2Cus"]]),
        (
            "min_tool_success_rate=0.9&max_tool_success_rate=1",
            [["max_tool_success_rate=1"], ["min_tool_success_rate=0.9"]]
        ),
        ("zdr=true&category=marketing/seo", [["category=marketing%2Fseo"], ["zdr=true"]]),
        ("sort=trending&limit=3", [["sort=trending"]]),
        ("a%26b=c%3Dd", [["a%26b=c%3Dd"]]),
        ("q=x&_=1&_=2&_=3", [["_=3"]]),
    ])
    func `each parameter is a clause, and a set of names one facet in whatever order`(
        query: String, expected: [[String]]
    ) {
        #expect(clauses(query) == expected)
    }

    @Test func `providers without a name are no condition`() {
        #expect(clauses("providers=,+,") == nil)
        #expect(clauses("providers=,&zdr=true") == [["zdr=true"]])
    }

    @Test func `every kind of model is asked for, but where the kind is in question`() {
        guard case .forward(let forwarded) = plan("output_modalities=smell&zdr=true&sort=newest") else {
            return #expect(Bool(false))
        }
        #expect(
            forwarded.clauses.flatMap(\.names).map(\.query) == [
                "output_modalities=smell", "zdr=true&output_modalities=all",
            ])
        // Upstream has decided about the kind; text is not asked for beside it.
        #expect(forwarded.local.outputModalities == nil)
        #expect(forwarded.local.sort == .newest)
    }

    @Test func `only what the settings leave to upstream is shown as upstream gives it`() {
        let query = "supported_parameters=tools,seed&zdr=true"
        guard case .forward(let forwarded) = plan(query, upstreamParameters: ["supported_parameters"]) else {
            return #expect(Bool(false))
        }
        #expect(forwarded.clauses.flatMap(\.names).map(\.isShown) == [true, false])
        #expect(forwarded.clauses[0].names.map(\.pair) == ["supported_parameters=seed%2Ctools"])
    }

    @Test(arguments: [
        ("use_rss=true", true), ("use_rss=false&limit=3", true), ("use_rss=", nil), ("use_rss_chat_links=true", false),
    ])
    func `a feed is not taken apart`(query: String, isWhole: Bool?) {
        guard case .forward(let forwarded) = plan(query) else { return #expect(isWhole == nil) }
        #expect(forwarded.isWhole == isWhole)
    }

    @Test func `neither is a query with more facets than are worth a request each`() {
        for (count, isWhole) in [(32, false), (33, true), (3000, true)] {
            let query = (0..<count).map { "p\($0)=1" }.joined(separator: "&")
            guard case .forward(let forwarded) = plan(query) else { return #expect(Bool(false)) }
            #expect(forwarded.isWhole == isWhole)
        }
    }
}
