/// Makes a failing week smaller while the same thing goes wrong.
public enum WeekShrinking {
    /// Removes steps, in halves and then smaller parts. It runs the week at most `runs` times.
    public static func shrink(
        _ week: Week, rules: WeekRules = WeekRules(), like violation: WeekViolation, runs: Int = 400
    ) -> Week {
        var smallest = week
        // What happens after the violation does not matter.
        smallest.steps.removeAll { $0.at > violation.at }
        var left = runs
        func fails(_ candidate: Week) -> Bool {
            guard left > 0 else { return false }
            left -= 1
            return WeekWorld.run(candidate, rules: rules).violation?.kind == violation.kind
        }
        if !fails(smallest) { smallest = week }
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
        return smallest
    }
}
