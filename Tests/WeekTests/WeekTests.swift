import Testing
import WeekSimulation

/// Whole weeks of one Larder on virtual time. `scripts/simulate --week` runs more seeds.
@Suite struct WeekTests {
    @Test(arguments: [1, 51, 101, 151] as [UInt64])
    func `no seed breaks an invariant`(first: UInt64) {
        var sum = WeekWorld.Counts()
        for seed in first..<first + 50 {
            let (violation, counts) = WeekWorld.run(Week(seed: seed))
            #expect(violation == nil, "seed \(seed): \(violation.map { "\($0)" } ?? "")")
            #expect(counts.answers > 0 && counts.asked > 0)
            sum += counts
        }
        // What can go wrong has happened.
        #expect(sum.failed > 0 && sum.confirmed > 0 && sum.passed > 0 && sum.withdrawals > 0 && sum.evictions > 0)
    }

    @Test func `a seed gives the same week each time`() {
        let (_, one) = WeekWorld.run(Week(seed: 77))
        let (_, other) = WeekWorld.run(Week(seed: 77))
        #expect(one == other)
        #expect(WeekWorld.run(Week(seed: 78)).counts.trace != one.trace)
        #expect(Week(seed: 77) == Week(seed: 77))
    }

    @Test func `there is a breach for each invariant`() {
        #expect(Set(WeekBreach.all.map(\.invariant)) == Set(1...6))
    }

    @Test(arguments: WeekBreach.all)
    func `without its rule a seed breaks an invariant that it keeps with the rule`(breach: WeekBreach) {
        let week = Week(seed: breach.seed)
        #expect(WeekWorld.run(week, rules: breach.rules).violation?.invariant == breach.invariant, "\(breach.name)")
        #expect(WeekWorld.run(week).violation == nil)
    }

    @Test func `a failing week is shrunk to few steps that still fail`() throws {
        let breach = try #require(WeekBreach.all.first { $0.invariant == 1 })
        let week = Week(seed: breach.seed)
        let violation = try #require(WeekWorld.run(week, rules: breach.rules).violation)
        let smallest = WeekShrinking.shrink(week, rules: breach.rules, like: violation, runs: 100)
        #expect(smallest.steps.count < week.steps.count / 2)
        #expect(WeekWorld.run(smallest, rules: breach.rules).violation?.kind == violation.kind)
    }
}
