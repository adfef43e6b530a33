import Pacing

/// Long work in portions, between which another thread may have the core.
enum Portions {
    /// Calls `work` with the number of bytes of each portion of `count`, and whether it is the last. At least one portion
    /// there is always; a false from `work` ends it.
    static func run(over count: Int, each size: Int, _ work: (_ bytes: Int, _ isLast: Bool) -> Bool) {
        var left = count
        while true {
            let portion = min(left, size)
            left -= portion
            guard work(portion, left == 0) else { return }
            Pace.rest()
            if left == 0 { return }
        }
    }
}
