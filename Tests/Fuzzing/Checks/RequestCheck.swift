import Bytes
import HTTPParsing
import TestSupport

/// Reads bytes as a connection does, in one piece and cut at many places: the outcome must be the same.
public enum RequestCheck {
    /// What is wrong, or nil.
    public static func fault(in input: [UInt8]) -> String? {
        let tight = HeadLimits(targetBytes: 24, fields: 4, headBytes: 160)
        return fault(in: input, limits: HeadLimits()) ?? fault(in: input, limits: tight)
    }

    private static func fault(in input: [UInt8], limits: HeadLimits) -> String? {
        let whole = RequestReading(input, pieces: [], limits: limits)
        if let fault = whole.fault { return fault }
        for pieces in SeededGenerator.cuts(of: input) {
            let reading = RequestReading(input, pieces: pieces, limits: limits)
            if let fault = reading.fault { return "\(fault), cut into \(pieces)" }
            if !areSame(whole, reading) { return "in one piece: \(whole)\ncut into \(pieces): \(reading)" }
        }
        return nil
    }

    /// A head that breaks several rules is refused for whichever is noticed first. A limit is noticed where a piece ends, so
    /// beside one the reason may differ, though not the refusal.
    ///
    /// What the framing of chunks may take is reckoned by what came at a time, so there one reading may end before another.
    private static func areSame(_ whole: RequestReading, _ cut: RequestReading) -> Bool {
        if whole == cut || whole.ending == excess || cut.ending == excess { return true }
        guard case .invalid(let first) = whole.ending, case .invalid(let second) = cut.ending else { return false }
        return whole.requests == cut.requests && (isLimit(first) || isLimit(second))
    }

    private static let excess = RequestReading.Ending.invalid(
        .malformed("More chunk extensions or trailers than content"))

    private static func isLimit(_ failure: ParseFailure) -> Bool {
        switch failure {
        case .targetTooLong, .tooManyFields, .headTooLarge: true
        case .malformed, .version, .transferCoding: false
        }
    }
}

extension SeededGenerator {
    /// The sizes of the pieces that an input arrives in, several times. They depend on nothing but the input, so that a case fails
    /// again whenever it is run again.
    static func cuts(of input: [UInt8]) -> [[Int]] {
        var random = SeededGenerator(seed: input.span.hash64())
        return [
            Array(repeating: 1, count: input.count), random.pieces(input.count, longest: 5),
            random.pieces(input.count, longest: 64),
        ]
    }

    private mutating func pieces(_ count: Int, longest: Int) -> [Int] {
        var pieces: [Int] = []
        var sum = 0
        while sum < count {
            let piece = Int.random(in: 1...longest, using: &self)
            pieces.append(piece)
            sum += piece
        }
        return pieces
    }
}
