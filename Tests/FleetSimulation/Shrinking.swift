/// Makes a failing scenario smaller while the same thing goes wrong.
public enum Shrinking {
    /// Removes steps, in halves and then smaller parts, then replicas and the differences of clocks. It runs the scenario
    /// at most `runs` times.
    public static func shrink(
        _ scenario: Scenario, rules: Rules = Rules(), like violation: Violation, runs: Int = 2_000
    ) -> Scenario {
        var smallest = scenario
        var left = runs
        func fails(_ candidate: Scenario) -> Bool {
            guard left > 0 else { return false }
            left -= 1
            return World.run(candidate, rules: rules).violation?.kind == violation.kind
        }
        var size = max(1, smallest.steps.count / 2)
        while left > 0 {
            var start = 0
            var hasShrunk = false
            while start < smallest.steps.count {
                var candidate = smallest
                candidate.steps.removeSubrange(start..<min(start + size, candidate.steps.count))
                if fails(candidate) {
                    smallest = candidate
                    hasShrunk = true
                } else {
                    start += size
                }
            }
            if size == 1, !hasShrunk { break }
            size = max(1, size / 2)
        }
        for count in 2..<max(2, smallest.replicas) {
            var candidate = smallest
            candidate.replicas = count
            if fails(candidate) {
                smallest = candidate
                break
            }
        }
        for replica in 0..<smallest.replicas {
            var candidate = smallest
            candidate.clocks[replica] = 0
            if fails(candidate) { smallest = candidate }
        }
        return smallest
    }
}
