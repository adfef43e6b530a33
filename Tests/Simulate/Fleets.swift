import FleetSimulation

/// Seeds of the fleet's simulation.
enum Fleets {
    static func show(_ seed: UInt64) {
        let (violation, counts) = World.run(Scenario(seed: seed)) { print($0) }
        print(violation.map { "\($0)" } ?? "seed \(seed): no violation", counts)
        if violation != nil { exit(1) }
    }

    static func run(_ seeds: Range<UInt64>) {
        let start = ContinuousClock.now
        var sum = World.Counts()
        for seed in seeds {
            let scenario = Scenario(seed: seed)
            let (violation, counts) = World.run(scenario)
            if let violation { return report(scenario, violation) }
            sum += counts
        }
        let time = ContinuousClock.now - start
        print(
            "simulate: \(seeds.count) seeds from \(seeds.lowerBound) on, no violation; \(sum.events) events,",
            "\(sum.leased) fetches under a lease, \(sum.alone) alone, \(sum.taken) copies taken, \(sum.confirmed) purges confirmed by all; \(time)"
        )
    }

    private static func report(_ scenario: Scenario, _ violation: Violation) {
        print("simulate: seed \(scenario.seed): \(violation)")
        let smallest = Shrinking.shrink(scenario, like: violation)
        print("shrunk to \(smallest.replicas) replicas, clocks \(smallest.clocks.prefix(smallest.replicas)):")
        for step in smallest.steps { print("  \(step)") }
        let (last, _) = World.run(smallest) { print("    \($0)") }
        print(last.map { "\($0)" } ?? "")
        print("again: scripts/simulate --seed \(scenario.seed)")
        exit(1)
    }
}
