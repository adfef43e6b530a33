import Bytes
import HTTPParsing

/// All that a connection learns from some bytes when they arrive in pieces.
struct RequestReading: Equatable {
    struct Request: Equatable {
        var method: [UInt8]
        var target: [UInt8]
        var names: [[UInt8]] = []
        var values: [[UInt8]] = []
        var framing: BodyFraming
        var isVersion11: Bool
        var keepsAlive: Bool
        var body: [UInt8] = []
    }

    /// Where the bytes end.
    enum Ending: Equatable {
        case betweenRequests, inHead, inBody
        case invalid(ParseFailure)
    }

    /// In the order of the connection; one whose body has not ended is the last.
    private(set) var requests: [Request] = []
    private(set) var ending = Ending.betweenRequests
    /// What is wrong with the parser's answers in themselves.
    private(set) var fault: String?

    /// `pieces` are the sizes of what arrives, none of them 0; what they leave over arrives at last.
    init(_ bytes: [UInt8], pieces: [Int], limits: HeadLimits) {
        var parser = RequestParser(limits: limits)
        var arrived = 0
        var used = 0
        var seen = 0
        for piece in pieces + [bytes.count] {
            arrived = min(bytes.count, arrived + piece)
            while used + seen < arrived {
                let run = bytes.span.extracting(used..<arrived)
                if ending == .inBody {
                    used += body(run, &parser)
                } else {
                    let consumed = head(run, &parser, seen: seen)
                    used += consumed
                    seen = consumed > 0 ? 0 : run.count
                }
                if case .invalid = ending { return }
                if fault != nil { return }
            }
        }
        if ending == .inBody, let last = requests.last, last.framing == .length(last.body.count) {
            fault = "all of the body came and its end was not told"
        }
    }

    private mutating func head(_ run: Span<UInt8>, _ parser: inout RequestParser, seen: Int) -> Int {
        switch parser.next(run, seen: seen) {
        case .needMore:
            ending = .inHead
            return 0
        case .request(let consumed):
            take(run, parser, consumed)
            ending = .betweenRequests
            return consumed
        case .head(let consumed):
            take(run, parser, consumed)
            ending = .inBody
            return consumed
        case .invalid(let failure):
            ending = .invalid(failure)
            if failure.message.isEmpty { fault = "a failure without a message" }
            return 0
        }
    }

    private mutating func body(_ run: Span<UInt8>, _ parser: inout RequestParser) -> Int {
        switch parser.nextBody(run) {
        case .needMore: return run.count
        case .data(let range, let consumed):
            if range.isEmpty || range.lowerBound < 0 || range.upperBound > consumed || consumed > run.count {
                fault = "content at \(range) of \(run.count) bytes, \(consumed) read"
                return run.count
            }
            requests[requests.count - 1].body += run.extracting(range).copied()
            if consumed == run.count, parser.endsBody() { ending = .betweenRequests }
            return consumed
        case .end(let consumed):
            if consumed > run.count { fault = "\(consumed) of \(run.count) bytes read" }
            ending = .betweenRequests
            return consumed
        case .invalid(let failure):
            ending = .invalid(failure)
            return 0
        }
    }

    private mutating func take(_ run: Span<UInt8>, _ parser: borrowing RequestParser, _ consumed: Int) {
        guard consumed > 0, consumed <= run.count else {
            fault = "\(consumed) of \(run.count) bytes read"
            return
        }
        // Nothing may point behind what was read.
        let head = run.extracting(0..<consumed)
        var request = Request(
            method: head.extracting(parser.method).copied(), target: head.extracting(parser.target).copied(),
            framing: parser.bodyFraming, isVersion11: parser.isVersion11, keepsAlive: parser.keepsAlive)
        for index in 0..<parser.fieldCount {
            request.names.append(head.extracting(parser.field(index).name).copied())
            request.values.append(head.extracting(parser.field(index).value).copied())
        }
        if request.method.isEmpty || request.target.isEmpty { fault = "a request without a method or a target" }
        if request.names.contains(where: \.isEmpty) { fault = "a field without a name" }
        requests.append(request)
    }
}
