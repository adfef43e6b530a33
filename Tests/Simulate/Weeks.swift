import WeekSimulation

/// Seeds of the simulation of one Larder for a week.
enum Weeks {
    static func show(_ seed: UInt64) {
        let (violation, counts) = WeekWorld.run(Week(seed: seed)) { print($0) }
        print(violation.map { "\($0)" } ?? "seed \(seed): no violation", counts)
        if violation != nil { exit(1) }
    }

    static func run(_ seeds: Range<UInt64>) {
        let start = ContinuousClock.now
        var sum = WeekWorld.Counts()
        for seed in seeds {
            let week = Week(seed: seed)
            let (violation, counts) = WeekWorld.run(week)
            if let violation { return report(week, violation) }
            sum += counts
        }
        let time = ContinuousClock.now - start
        print(
            "simulate: \(seeds.count) weeks from \(seeds.lowerBound) on, no violation; \(sum.events) events,",
            "\(sum.requests) requests, \(sum.answers) answers, \(sum.errors) errors, \(sum.asked) requests to upstream,",
            "\(sum.failed) of them failed, \(sum.confirmed) got 304, \(sum.passed) passed through, \(sum.withdrawals) withdrawals, \(sum.evictions) evictions; \(time)"
        )
    }

    static func findBreaches() {
        for breach in WeekBreach.all {
            let seed = (1...2_000).first { seed in
                WeekWorld.run(Week(seed: seed), rules: breach.rules).violation?.invariant == breach.invariant
                    && WeekWorld.run(Week(seed: seed)).violation == nil
            }
            print("\(breach.name), invariant \(breach.invariant): \(seed.map { "seed \($0)" } ?? "none found")")
        }
    }

    private static func report(_ week: Week, _ violation: WeekViolation) {
        print("simulate: week \(week.seed): \(violation)")
        let smallest = WeekShrinking.shrink(week, like: violation)
        print("shrunk to \(smallest.steps.count) of \(week.steps.count) steps:")
        let (last, _) = WeekWorld.run(smallest) { print("    \($0)") }
        print(last.map { "\($0)" } ?? "")
        print("again: scripts/simulate --week --seed \(week.seed)")
        exit(1)
    }
}
