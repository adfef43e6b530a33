import Caching
import Catalog
import Testing

@testable import Serving

@Suite struct IgnoredParametersTests {
    private static let day: UInt64 = 86_400_000
    private static let anna = Owner(high: 1 << 32, low: 1)
    private static let bert = Owner(high: 2 << 32, low: 2)

    private static func parameter(
        _ pair: String, _ ids: [String] = ["a/1", "a/2"], beside list: [String]? = ["a/1", "a/2"],
        isShared: Bool = true,
        of faceted: Resource.FacetedList = .catalog
    ) -> IgnoredParameters.Parameter? {
        let rows = FacetHarness.rows(ids, beside: list.map { FacetHarness.snapshot($0) })
        let entry = FacetHarness.entry(.facet(rows), isShared: isShared, at: 0)
        return IgnoredParameters.Parameter(FacetHarness.facet(pair, of: faceted), entry, owner: anna)
    }

    private static func known(_ parameters: IgnoredParameters, _ name: String, owner: Owner = anna, now: UInt64 = 0)
        -> Bool
    {
        parameters.contains(name, of: .catalog, owner: owner, now: now)
    }

    @Test func `a parameter whose facet is the whole list counts as absent for a day`() throws {
        var parameters = IgnoredParameters()
        parameters.insert(try #require(Self.parameter("user=1")), seenAt: 5)
        #expect(Self.known(parameters, "user", now: 4 + Self.day) && Self.known(parameters, "user", owner: .nobody))
        #expect(!Self.known(parameters, "user", now: 5 + Self.day) && !Self.known(parameters, "User"))
        #expect(!parameters.contains("user", of: .user, owner: Self.anna, now: 0))
    }

    @Test func `any other facet shows nothing`() {
        for ids in [["a/2", "a/1"], ["a/1"], ["a/1", "a/2", "a/3"], []] {
            #expect(Self.parameter("user=1", ids) == nil)
        }
        #expect(Self.parameter("user=1", beside: nil) == nil)
        for pair in ["zdr=true", "providers=x", "sort=x", "category=x", "output_modalities=smell"] {
            #expect(Self.parameter(pair) == nil, "\(pair)")
        }
        #expect(Self.parameter(String(repeating: "x", count: 129) + "=1") == nil)
    }

    @Test func `what is one key's own is known of that key`() throws {
        var parameters = IgnoredParameters()
        parameters.insert(try #require(Self.parameter("user=1", isShared: false)), seenAt: 0)
        #expect(Self.known(parameters, "user") && !Self.known(parameters, "user", owner: Self.bert))
        #expect(!Self.known(parameters, "user", owner: .nobody))
        parameters.remove(.key(2))
        #expect(Self.known(parameters, "user"))
        parameters.remove(.key(1))
        #expect(!Self.known(parameters, "user"))
    }

    @Test func `the oldest goes for a new one`() throws {
        var parameters = IgnoredParameters()
        for number in 0..<1_000 {
            parameters.insert(try #require(Self.parameter("p\(number)=1")), seenAt: UInt64(number))
        }
        #expect(parameters.count == IgnoredParameters.mostParameters)
        #expect(Self.known(parameters, "p999") && Self.known(parameters, "p744") && !Self.known(parameters, "p743"))
        parameters.remove(.catalog)
        #expect(parameters.isEmpty)
    }

    @Test func `a moment near the end of the clock does not trap`() throws {
        var parameters = IgnoredParameters()
        parameters.insert(try #require(Self.parameter("user=1")), seenAt: .max - 1)
        #expect(Self.known(parameters, "user", now: .max - 1))
    }
}
