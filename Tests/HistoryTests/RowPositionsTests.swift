import TestSupport
import Testing

@testable import History

@Suite struct RowPositionsTests {
    private static let runs: [(former: [Int?], kept: Int)] = [
        ([], 0), ([nil], 0), ([0, 1, 2], 3), ([2, 0, 1], 2), ([1, 2, 0], 2), ([2, 1, 0], 1), ([nil, 0, nil, 1], 2),
        ([5, 0, 1, 6, 2, 3], 4),
    ]

    @Test(arguments: runs)
    func asManyRowsAsPossibleKeepTheirKeys(former: [Int?], count: Int) {
        let kept = RowPositions.kept(former)
        let places = former.indices.compactMap { kept[$0] ? former[$0] : nil }
        #expect(places.count == count)
        #expect(places == places.sorted())
    }

    /// Tries all subsets.
    private func greatestRun(_ former: [Int]) -> Int {
        (0..<(1 << former.count)).reduce(0) { best, subset in
            let run = former.indices.filter { subset >> $0 & 1 == 1 }.map { former[$0] }
            return zip(run, run.dropFirst()).allSatisfy(<) ? max(best, run.count) : best
        }
    }

    @Test func noLongerRunExists() {
        var random = SeededGenerator(seed: 7)
        for _ in 0..<200 {
            let former = Array(0..<Int.random(in: 1...9, using: &random)).shuffled(using: &random)
            #expect(RowPositions.kept(former).count { $0 } == greatestRun(former), "\(former)")
        }
    }

    private static let keys: [(keys: [Int64?], filled: [Int64]?)] = [
        ([], []), ([nil, nil], [0, RowPositions.gap]), ([5, nil], [5, 5 + RowPositions.gap]),
        ([nil, nil, 5], [5 - 2 * RowPositions.gap, 5 - RowPositions.gap, 5]), ([0, nil, 10], [0, 5, 10]),
        ([0, nil, nil, 10], [0, 3, 6, 10]), ([0, nil, 2], [0, 1, 2]), ([0, nil, 1], nil), ([0, nil, nil, 2], nil),
        ([.max, nil], nil), ([nil, .min], nil), ([.min, nil, .max], [.min, -1, .max]),
    ]

    @Test(arguments: keys)
    func keysAreFilledIn(keys: [Int64?], filled: [Int64]?) {
        let result = RowPositions.filled(keys)
        if keys == [.min, nil, .max] {
            // The distance does not fit into 64 bits.
            #expect(result.map { $0 == $0.sorted() && Set($0).count == 3 } == true)
        } else {
            #expect(result == filled)
        }
    }
}
