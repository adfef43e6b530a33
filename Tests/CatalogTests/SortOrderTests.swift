import Catalog
import Testing

@Suite struct SortOrderTests {
    private let snapshot = Snapshot.make([
        .make("none"),
        .make(
            "low", created: 1, context: 1, prompt: "0.1", completion: "0.2", intelligence: "1", coding: "1",
            agentic: "1",
            elo: "1"),
        .make(
            "tie-1", created: 5, context: 5, prompt: "0.3", completion: "0.1", intelligence: "5", coding: "5.0",
            agentic: "5", elo: "5"),
        .make("router", prompt: "-1", completion: "-1"),
        .make(
            "tie-2", created: 5, context: 5, prompt: "0.1", completion: "0.3", intelligence: "5.0", coding: "5",
            agentic: "5e0", elo: "5"),
        .make(
            "high", created: 9, context: 9, prompt: "0.4", completion: "0.4", intelligence: "9", coding: "9",
            agentic: "9", elo: "9"),
    ])

    @Test(arguments: [
        "newest", "context-high-to-low", "pricing-high-to-low", "intelligence-high-to-low", "coding-high-to-low",
        "agentic-high-to-low", "design-arena-elo-high-to-low",
    ])
    func theHighestComesFirstAndTiesKeepTheirOrder(sort: String) {
        #expect(snapshot.ids("sort=\(sort)") == ["high", "tie-1", "tie-2", "low", "none", "router"])
    }

    @Test func theCheapestComesFirstAndTheUnknownStillLast() {
        #expect(snapshot.ids("sort=pricing-low-to-high") == ["low", "tie-1", "tie-2", "high", "none", "router"])
    }

    @Test func withoutSortTheOrderIsUpstreams() {
        #expect(snapshot.ids("") == ["none", "low", "tie-1", "router", "tie-2", "high"])
    }

    @Test func aModelWithOnePriceOnlyHasNoAverage() {
        let snapshot = Snapshot.make([
            .make("half", prompt: "0.1"), .make("whole", prompt: "0.2", completion: "0.2"),
            .make("other", completion: "0"),
        ])
        #expect(snapshot.ids("sort=pricing-low-to-high") == ["whole", "half", "other"])
        #expect(snapshot.ids("sort=pricing-high-to-low") == ["whole", "half", "other"])
    }

    @Test(arguments: [
        "newest", "context-high-to-low", "pricing-high-to-low", "intelligence-high-to-low", "coding-high-to-low",
        "agentic-high-to-low", "design-arena-elo-high-to-low", "pricing-low-to-high",
    ])
    func aValueOfZeroIsAValue(sort: String) {
        let zero = { (id: String) in
            ModelFields.make(
                id, created: 0, context: 0, prompt: "0", completion: "0", intelligence: "0", coding: "0", agentic: "0",
                elo: "0")
        }
        let none = [ModelFields.make("none-1"), .make("none-2")]
        let snapshot = Snapshot.make([none[0], zero("zero-1"), none[1], zero("zero-2")])
        #expect(snapshot.ids("sort=\(sort)") == ["zero-1", "zero-2", "none-1", "none-2"])
    }

    @Test func averagesAreExact() {
        let snapshot = Snapshot.make([
            .make("more", prompt: "0.000000000000000000000002", completion: "0"),
            .make("less", prompt: "0.000000000000000000000001", completion: "0"),
            .make("huge", prompt: "80000000000000", completion: "80000000000000"),
        ])
        #expect(snapshot.ids("sort=pricing-low-to-high") == ["less", "more", "huge"])
    }

    @Test func sortingComesBeforeTheCut() {
        #expect(snapshot.ids("sort=newest&limit=1") == ["high"])
        #expect(snapshot.ids("sort=newest&offset=1&limit=2") == ["tie-1", "tie-2"])
    }
}
