import Testing

@testable import Serving

@Suite("Resources")
struct ResourceTests {
    @Test(
        "Each is asked for at its own target",
        arguments: [
            (.catalog, "/models?output_modalities=all"), (.userList, "/models/user?output_modalities=all"),
            (.model(id: "openai/gpt-4o"), "/model/openai/gpt-4o"),
            (.opaque(path: "/providers", query: ""), "/providers"),
            (.opaque(path: "/models", query: "use_rss=true"), "/models?use_rss=true"),
            (FacetHarness.facet("category=programming"), "/models?category=programming&output_modalities=all"),
            (
                FacetHarness.facet("category=programming", of: .user),
                "/models/user?category=programming&output_modalities=all"
            ),
        ] as [(Resource, String)])
    func targets(resource: Resource, expected: String) {
        #expect(resource.upstreamTarget == expected)
    }

    @Test(
        "A model's name cannot leave its two segments",
        arguments: [
            ("a/b:free", "/model/a/b:free"), ("~openai/latest", "/model/~openai/latest"),
            ("a/b?c=d", "/model/a/b%3Fc=d"),
            ("a/b#c", "/model/a/b%23c"), ("a b/c", "/model/a%20b/c"), ("a%2Fb/c", "/model/a%252Fb/c"),
            ("a/\r\nX: y", "/model/a/%0D%0AX:%20y"), ("é/ü", "/model/%C3%A9/%C3%BC"), ("a/b\u{0}", "/model/a/b%00"),
            ("a\\b/c", "/model/a%5Cb/c"),
        ])
    func oddNames(id: String, expected: String) {
        #expect(Resource.model(id: id).upstreamTarget == expected)
    }

    @Test(
        "A feed is recognized by its parameter",
        arguments: [
            ("use_rss=true", true), ("category=legal&use_rss=true", true), ("", false),
            ("use_rss_chat_links=true", false),
            ("q=use_rss%3Dtrue", false),
        ])
    func feeds(query: String, expected: Bool) {
        #expect(Resource.opaque(path: "/models", query: query).isFeed == expected)
        #expect(!Resource.catalog.isFeed)
    }

    @Test(
        "Only lists of a key's own are personal",
        arguments: [
            (.catalog, .catalog, false), (.userList, .userList, true), (.model(id: "a/b"), .model, false),
            (FacetHarness.facet("category=x"), .facet, false),
            (FacetHarness.facet("category=x", of: .user), .userFacet, true),
            (.past(0), .past, false), (.opaque(path: "/models", query: ""), .opaque, false),
            (.opaque(path: "/models/user", query: "use_rss=true"), .userOpaque, true),
        ] as [(Resource, Resource.Kind, Bool)])
    func kinds(resource: Resource, kind: Resource.Kind, isPersonal: Bool) {
        #expect(resource.kind == kind)
        #expect(resource.isPersonal == isPersonal)
    }

    @Test(
        "Upstream has every path but those with a name in them",
        arguments: [
            (.catalog, false), (.userList, false), (.model(id: "a/b"), true), (FacetHarness.facet("category=x"), false),
            (FacetHarness.facet("category=x", of: .user), false), (.past(0), false),
            (.opaque(path: "/models", query: "use_rss=true"), false),
            (.opaque(path: "/models/user", query: "use_rss=true"), false),
            (.opaque(path: "/models/count", query: "x=1"), false), (.opaque(path: "/providers", query: ""), false),
            (.opaque(path: "/endpoints/zdr", query: ""), false),
            (.opaque(path: "/embeddings/models", query: ""), false),
            (.opaque(path: "/models/a/b/endpoints", query: "", forKeys: true), true),
            (.opaque(path: "/models/a/b/endpoints", query: "", forKeys: false), true),
            (.opaque(path: "/benchmarks", query: ""), false),
            (.opaque(path: "/classifications/task", query: ""), false),
            (.opaque(path: "/tools", query: ""), false), (.opaque(path: "/tools/x", query: ""), true),
            (.opaque(path: "/datasets/rankings", query: ""), true),
        ] as [(Resource, Bool)])
    func names(resource: Resource, isNamed: Bool) {
        #expect(resource.isNamed == isNamed)
    }

    @Test("The spread is the same for equal resources, and even over the loops", arguments: [2, 3, 4, 8])
    func shardHash(loops: UInt64) {
        var load = [Int](repeating: 0, count: Int(loops))
        for number in 0..<4_000 {
            let model = Resource.model(id: "author/slug-\(number)")
            #expect(model.shardHash == Resource.model(id: "author/slug-\(number)").shardHash)
            load[Int(model.shardHash % loops)] += 1
            load[Int(Resource.opaque(path: "/models", query: "q=\(number)").shardHash % loops)] += 1
        }
        let share = 8_000 / Int(loops)
        for count in load { #expect((share * 8 / 10...share * 12 / 10).contains(count)) }
    }

    @Test("The two lists are led by different loops where there are two")
    func spreadOfLists() {
        #expect(Resource.catalog.shardHash % 2 != Resource.userList.shardHash % 2)
    }

    @Test("Resources that differ in anything are different keys")
    func keys() {
        let all: Set<Resource> = [
            .catalog, .userList, .model(id: "a/b"), .model(id: "a/B"), .opaque(path: "/models", query: "a=b"),
            .opaque(path: "/providers", query: "a=b"), .opaque(path: "/models", query: "a=c"),
            FacetHarness.facet("category=x"), FacetHarness.facet("category=y"),
            FacetHarness.facet("category=x", of: .user),
        ]
        #expect(all.count == 10)
    }
}
