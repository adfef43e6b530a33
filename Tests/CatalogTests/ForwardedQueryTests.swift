import Bytes
import Catalog
import Testing

@Suite struct ForwardedQueryTests {
    @Test(arguments: [
        ("category=programming", ForwardReason.facet("category")),
        ("providers=OpenAI,Azure", .facet("providers")),
        ("distillable=true", .facet("distillable")),
        ("zdr=true", .facet("zdr")),
        ("region=eu", .facet("region")),
        ("min_tool_success_rate=0.9", .facet("min_tool_success_rate")),
        ("max_tool_success_rate=1", .facet("max_tool_success_rate")),
        ("sort=throughput-high-to-low", .facet("sort")),
        ("sort=latency-low-to-high", .facet("sort")),
        ("sort=most-popular", .facet("sort")),
        ("sort=top-weekly", .facet("sort")),
        ("sort=trending", .unknownValue("sort")),
        ("sort=Newest", .unknownValue("sort")),
        ("output_modalities=smell", .unknownValue("output_modalities")),
        ("output_modalities=all,smell", .unknownValue("output_modalities")),
        ("input_modalities=text,smell", .unknownValue("input_modalities")),
        ("input_modalities=all", .unknownValue("input_modalities")),
        ("use_rss=true", .unknownParameter("use_rss")),
        ("_=1", .unknownParameter("_")),
        ("Limit=3", .unknownParameter("Limit")),
        ("=3", .unknownParameter("")),
        ("limit=3&zdr=true&_=1", .facet("zdr")),
    ])
    func whatOnlyUpstreamKnowsIsForwarded(query: String, reason: ForwardReason) {
        guard case .forward(let forwarded) = plan(query) else { return #expect(Bool(false), "\(query)") }
        #expect(forwarded.reason == reason)
    }

    @Test func settingsMoveAParameterToUpstreamWhateverItsValue() {
        for query in ["supported_parameters=tools", "supported_parameters=tools&limit=3"] {
            guard case .forward(let forwarded) = plan(query, upstreamParameters: ["supported_parameters"]) else {
                return #expect(Bool(false))
            }
            #expect(forwarded.reason == .configured("supported_parameters"))
            #expect(forwarded.local.supportedParameters.isEmpty)
        }
        guard case .forward = plan("limit=abc", upstreamParameters: ["limit"]) else { return #expect(Bool(false)) }
        guard case .local = plan("supported_parameters=", upstreamParameters: ["supported_parameters"]) else {
            return #expect(Bool(false))
        }
    }

    @Test(arguments: [
        ("zdr=true&category=programming", "category=programming&zdr=true"),
        ("zdr=true&q=&zdr=&zdr=false", "zdr=false"),
        ("z%64r=tr%75e&q=a+b%2fC,d~", "q=a%20b%2FC%2Cd~&zdr=true"),
        ("zdr=%C3%A9%ff", "zdr=%C3%A9%EF%BF%BD"),
        ("&&zdr=true&limit=5&limit=7", "limit=7&zdr=true"),
    ])
    func theCanonicalFormIsOneSpelling(query: String, canonical: String) {
        let form = QueryParser.canonical(Array(query.utf8).span)
        #expect(String(decoding: form, as: UTF8.self) == canonical)
        // The form is its own form.
        let again = QueryParser.canonical(form.span)
        #expect(again == form)
    }

    @Test func facetsAndTheRestAreKeptApart() {
        guard case .forward(let forwarded) = plan("zdr=true&limit=3&category=legal&sort=top-weekly&q=x") else {
            return #expect(Bool(false))
        }
        #expect(forwarded.clauses.map(\.parameter) == ["category", "sort", "zdr"])
        #expect(
            forwarded.clauses.flatMap(\.names).map(\.query) == [
                "category=legal&output_modalities=all", "sort=top-weekly&output_modalities=all",
                "zdr=true&output_modalities=all",
            ])
        var rest = Query()
        rest.page.limit = 3
        rest.text = Array("x".utf8)
        #expect(forwarded.local == rest)
        #expect(!forwarded.isWhole)
    }
}
