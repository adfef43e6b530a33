import Bytes
import HTTPParsing
import TestSupport

/// Reads bytes as a stream does upstream's, in one piece and cut at many places: the outcome must be the same.
public enum ResponseCheck {
    /// What is wrong, or nil.
    public static func fault(in input: [UInt8]) -> String? {
        for isHead in [false, true] {
            let whole = ResponseReading(input, isHead: isHead, pieces: [])
            if let fault = whole.fault { return fault }
            for pieces in SeededGenerator.cuts(of: input) {
                let reading = ResponseReading(input, isHead: isHead, pieces: pieces)
                if whole != reading { return "in one piece: \(whole)\ncut into \(pieces): \(reading)" }
            }
        }
        return nil
    }
}

/// All that a stream learns from some bytes when they arrive in pieces.
struct ResponseReading: Equatable {
    /// Where the bytes end.
    enum Ending: Equatable {
        case inHead, inBody, untilClose
        /// Behind the response, with so many bytes left.
        case whole(left: Int)
        case invalid(String)
    }

    /// Statuses, names and values, in order; those of trailers last.
    private(set) var heads: [[String]] = []
    private(set) var body: [UInt8] = []
    private(set) var keepsAlive = false
    private(set) var ending = Ending.inHead
    /// What is wrong with the parser's answers in themselves.
    private(set) var fault: String?

    init(_ bytes: [UInt8], isHead: Bool, pieces: [Int]) {
        var parser = ResponseParser()
        parser.begin(isHead: isHead)
        var arrived = 0
        var used = 0
        for piece in pieces + [bytes.count] {
            arrived = min(bytes.count, arrived + piece)
            read(bytes.span.extracting(used..<arrived), &parser)
            used = arrived
            switch ending {
            case .inHead, .inBody, .untilClose: continue
            case .whole(let left):
                ending = .whole(left: left + bytes.count - arrived)
                return
            case .invalid: return
            }
        }
    }

    private mutating func read(_ bytes: Span<UInt8>, _ parser: inout ResponseParser) {
        var rest = bytes
        while true {
            let (event, consumed) = parser.next(rest)
            guard consumed <= rest.count else { return fault = "more read than there was" }
            switch event {
            case .needMore:
                if consumed != rest.count { fault = "more was wanted before all was read" }
                return
            case .interim(let head):
                if head.status >= 200 { fault = "an interim response of \(head.status)" }
                heads.append(["\(head.status)"] + fields(parser, head.fields))
            case .head(let head):
                if ending != .inHead { fault = "two final heads" }
                heads.append(["\(head.status)"] + fields(parser, head.fields))
                keepsAlive = parser.keepsAlive
                ending = parser.endsWithConnection ? .untilClose : .inBody
                if keepsAlive, ending == .untilClose { fault = "a connection that is kept, and ends the body" }
            case .body(let range):
                if ending == .inHead || range.isEmpty { fault = "a body of \(range) in \(ending)" }
                body += Array(rest.extracting(range).copied())
            case .end(let trailers):
                heads.append(fields(parser, trailers))
                ending = .whole(left: rest.count - consumed)
                return
            case .invalid(let reason):
                ending = .invalid(reason)
                return
            }
            rest = rest.extracting(consumed...)
        }
    }

    private func fields(_ parser: borrowing ResponseParser, _ range: Range<Int>) -> [String] {
        let fields = parser[range]
        var lines: [String] = []
        for index in 0..<fields.count {
            lines.append("\(fields.name(index).copied()): \(fields.value(index).copied())")
        }
        return lines
    }
}
