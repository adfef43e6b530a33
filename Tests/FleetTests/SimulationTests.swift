import FleetSimulation
import Testing

/// Whole fleets on virtual time, before a simulated engine and upstream. `scripts/simulate` runs more seeds.
@Suite struct SimulationTests {
    @Test(arguments: [1, 101, 201] as [UInt64])
    func `no seed breaks an invariant`(first: UInt64) {
        for seed in first..<first + 100 {
            let (violation, counts) = World.run(Scenario(seed: seed))
            #expect(violation == nil, "seed \(seed): \(violation.map { "\($0)" } ?? "")")
            #expect(counts.leased > 0 && counts.taken > 0)
        }
    }

    @Test func `a seed gives the same run each time`() {
        let (_, one) = World.run(Scenario(seed: 77))
        let (_, other) = World.run(Scenario(seed: 77))
        #expect(one == other)
        #expect(World.run(Scenario(seed: 78)).counts.trace != one.trace)
        #expect(Scenario(seed: 77) == Scenario(seed: 77))
    }

    struct Breach: Sendable, CustomTestStringConvertible {
        var name: String
        var invariant: Int
        var seed: UInt64
        var change: @Sendable (inout Rules) -> Void
        var testDescription: String { name }
    }

    static let breaches: [Breach] = [
        Breach(name: "the engine grants a lease that another has", invariant: 1, seed: 1) { $0.leasesExclude = false },
        Breach(name: "a comparison holds for every value", invariant: 1, seed: 54) { $0.comparisonsHold = false },
        Breach(name: "a purge is confirmed and removes nothing", invariant: 2, seed: 1) { $0.purgesRemove = false },
        Breach(name: "a fetch from before a purge is kept", invariant: 2, seed: 8) { $0.outdatedIsNotKept = false },
        Breach(name: "a withdrawn record stays in the engine", invariant: 2, seed: 1) { $0.withdrawalsDelete = false },
        Breach(name: "a replica that has missed a withdrawal keeps its copies", invariant: 2, seed: 19) {
            $0.missedWithdrawalsRemove = false
        },
        Breach(name: "a seal fits every key", invariant: 3, seed: 213) { $0.sealsBindKeys = false },
        Breach(name: "all keys are one owner", invariant: 3, seed: 1) { $0.ownersDiffer = false },
        Breach(name: "no timer of a replica fires", invariant: 4, seed: 3) { $0.timersFire = false },
        Breach(name: "clocks that differ decide about age", invariant: 5, seed: 1) { $0.engineTellsAge = false },
    ]

    @Test(arguments: breaches)
    func `without its rule a seed breaks an invariant that it keeps with the rule`(breach: Breach) {
        var rules = Rules()
        breach.change(&rules)
        let scenario = Scenario(seed: breach.seed)
        #expect(World.run(scenario, rules: rules).violation?.invariant == breach.invariant)
        #expect(World.run(scenario).violation == nil)
    }

    @Test func `a failing scenario is shrunk to few steps that still fail`() throws {
        var rules = Rules()
        rules.purgesRemove = false
        let breach = try #require(Self.breaches.first { $0.name == "a purge is confirmed and removes nothing" })
        let scenario = Scenario(seed: breach.seed)
        let violation = try #require(World.run(scenario, rules: rules).violation)
        let smallest = Shrinking.shrink(scenario, rules: rules, like: violation, runs: 60)
        #expect(smallest.steps.count < scenario.steps.count / 2)
        #expect(World.run(smallest, rules: rules).violation?.kind == violation.kind)
    }
}
