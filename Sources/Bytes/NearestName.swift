/// Finds the known name that was probably meant.
public enum NearestName {
    /// The known name with the fewest letters to change, or nil when none is near. Of equals, the one that begins most
    /// alike, and of those the first.
    public static func find(_ name: String, among known: [String]) -> String? {
        let lowered = name.lowercased()
        let scored = known.map { candidate in
            let other = candidate.lowercased()
            let begin = zip(lowered.utf8, other.utf8).prefix(while: { $0.0 == $0.1 }).count
            return (name: candidate, distance: distance(lowered, other), begin: begin)
        }
        let best = scored.min { ($0.distance, $1.begin) < ($1.distance, $0.begin) }
        guard let best, best.distance <= max(2, name.count / 2) else { return nil }
        return best.name
    }

    /// The number of letters to insert, remove or replace (Levenshtein).
    public static func distance(_ left: String, _ right: String) -> Int {
        let target = Array(right.utf8)
        var row = Array(0...target.count)
        for (index, letter) in left.utf8.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for column in target.indices {
                let replaced = diagonal + (target[column] == letter ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(replaced, diagonal + 1, row[column] + 1)
            }
        }
        return row[target.count]
    }
}
