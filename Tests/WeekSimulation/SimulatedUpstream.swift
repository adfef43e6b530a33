import Bytes
import HTTPClient
import HTTPCore
import TestSupport

/// Upstream: what it has, and how it answers a request at a moment of the week.
struct SimulatedUpstream {
    /// A response, or what becomes of the transfer, and when.
    struct Plan {
        var result: Result<FetchedResponse, FetchFailure>
        /// After so many milliseconds.
        var after: UInt64
        /// The size of the body after each part of it, and when.
        var parts: [(after: UInt64, bytes: Int)] = []
        /// What the response says, if it is one of upstream's own.
        var content: Int?
        /// How many bytes of its body an entry keeps.
        var kept = 0
        var isPublic = false
        var confirms = false
        /// A failure that Larder must notice in it.
        var failure: Ledger.Failure?
        var wish: Int?
        var isRefusal = false
        /// The beginning of a body that was cut, as if it was all.
        var beginning: (response: FetchedResponse, content: Int)?
    }

    /// What one thing has now, for all keys or for one.
    private struct Version {
        var content: Int
        var body: [UInt8]
        var beginning: (content: Int, body: [UInt8])?
    }

    private var versions: [[Int: Version]] = Array(repeating: [:], count: Subject.targets)
    /// Whether each key has its own content.
    private var isMine = Array(repeating: false, count: Subject.targets)
    private var modes: [(mode: Week.UpstreamMode, thing: Int?, until: UInt64)] = []
    private var directives: [(said: Week.Directives, thing: Int?, until: UInt64)] = []
    private var refused: [Int: UInt64] = [:]
    private var validatesUntil: UInt64 = 0
    /// The time limit of a fetch.
    static let timeout: UInt64 = 10_000

    // MARK: What happens to it

    mutating func behave(_ mode: Week.UpstreamMode, _ thing: Int?, until: UInt64) { modes.append((mode, thing, until)) }
    mutating func direct(_ said: Week.Directives, _ thing: Int?, until: UInt64) {
        directives.append((said, thing, until))
    }
    mutating func refuse(_ key: Int, until: UInt64) { refused[key] = until }
    mutating func validate(until: UInt64) { validatesUntil = until }

    mutating func change(_ thing: Int, isMine: Bool) {
        let thing = thing == Subject.whim ? 0 : thing
        versions[thing] = [:]
        self.isMine[thing] = isMine
    }

    // MARK: Answers

    mutating func plan(
        _ asked: Int, key: Int, tag: String?, now: UInt64, ledger: inout Ledger, random: inout SeededGenerator
    ) -> Plan {
        var delay = random.within(5...150)
        modes.removeAll { $0.until <= now }
        directives.removeAll { $0.until <= now }
        let mode = modes.last { $0.thing == nil || $0.thing == asked }?.mode
        let said = directives.last { $0.thing == nil || $0.thing == asked }?.said ?? .everyone
        var padding = 0
        switch mode {
        case .slow(let longest): delay = random.within(100...longest)
        case .large(let bytes): padding = bytes
        case .silent: return failure(.timeout(.head), after: Self.timeout)
        case .unreachable: return failure(.unreachable("refused"), after: delay)
        case .failing(let status, let wish): return failure(status, wish, after: delay)
        case .page:
            let fields = [(name: "content-type", value: "text/html")]
            return Plan(
                result: .success(response(403, fields, Array("<html>no</html>".utf8))), after: delay, failure: .ofStatus
            )
        case .cut, .cutUnseen, .empty, nil: break
        }
        if delay >= Self.timeout { return failure(.timeout(.head), after: Self.timeout) }
        if key == 0, Subject.things[asked].isPersonal || refused[key, default: 0] > now {
            return refusal(asked, key, after: delay, &ledger)
        }
        if refused[key, default: 0] > now { return refusal(asked, key, after: delay, &ledger) }
        if mode == .empty, asked == 0 {
            return Plan(
                result: .success(response(200, fields(said, tag: nil), Array(#"{"data":[]}"#.utf8))), after: delay,
                failure: .ofStatus)
        }
        let version = version(asked, key, padding: padding, ledger: &ledger, random: &random)
        let isPublic = said == .everyone
        if tag == "\"\(version.content)\"", validatesUntil > now, mode == nil {
            return Plan(
                result: .success(response(304, fields(said, tag: tag), [])), after: delay, content: version.content,
                isPublic: isPublic || said == .nothing, confirms: true)
        }
        let newTag = validatesUntil > now ? "\"\(version.content)\"" : nil
        var plan = Plan(
            result: .success(response(200, fields(said, tag: newTag), version.body)), after: delay,
            content: version.content, isPublic: isPublic)
        plan.kept = Subject.things[asked].kind == .body ? version.body.count : version.body.count - padding
        let half = version.body.count / 2
        plan.parts = [(delay / 2, half), (delay, version.body.count)]
        switch mode {
        case .cut:
            plan.result = .failure(.cut("the connection ended within the body"))
            plan.failure = .ofConnection
            plan.parts = [(delay / 2, half)]
            plan.content = nil
            if let beginning = version.beginning {
                plan.beginning = (response(200, fields(said, tag: nil), beginning.body), beginning.content)
            }
        case .cutUnseen:
            plan.result = .success(response(200, fields(said, tag: newTag), Array(version.body[..<half])))
            plan.failure = .ofStatus
            plan.content = nil
        default: break
        }
        return plan
    }

    private func failure(_ failure: FetchFailure, after: UInt64) -> Plan {
        Plan(result: .failure(failure), after: after, failure: .ofConnection)
    }

    private func failure(_ status: Int, _ wish: Int?, after: UInt64) -> Plan {
        let fields = wish.map { [(name: "retry-after", value: String($0))] } ?? []
        return Plan(
            result: .success(response(status, fields, Array(#"{"error":{"code":\#(status),"message":"no"}}"#.utf8))),
            after: after, failure: .ofStatus, wish: wish)
    }

    /// A 401 in upstream's form, for this key alone.
    private func refusal(_ asked: Int, _ key: Int, after: UInt64, _ ledger: inout Ledger) -> Plan {
        let content = ledger.add(Ledger.Content(thing: asked, key: key, rows: 0))
        let body = #"{"error":{"code":401,"message":"no",\#(Ledger.Mark.text(content, 0))}}"#
        return Plan(
            result: .success(response(401, [], Array(body.utf8))), after: after, content: content, isRefusal: true)
    }

    private func fields(_ said: Week.Directives, tag: String?) -> [(name: String, value: String)] {
        var fields = [(name: "content-type", value: "application/json")]
        if said != .nothing { fields.append((name: "cache-control", value: said.rawValue)) }
        if let tag { fields.append((name: "etag", value: tag)) }
        return fields
    }

    private func response(_ status: Int, _ fields: [(name: String, value: String)], _ body: [UInt8]) -> FetchedResponse
    {
        FetchedResponse(status: status, fields: fields, body: SharedBytes(body), duration: .zero)
    }

    // MARK: Bodies

    private mutating func version(
        _ asked: Int, _ key: Int, padding: Int, ledger: inout Ledger, random: inout SeededGenerator
    ) -> Version {
        let asked = asked == Subject.whim ? 0 : asked
        let thing = Subject.things[asked]
        let place = isMine[asked] || thing.isPersonal ? key : thing.dependsOnKey ? (key == 0 ? -2 : -3) : -1
        if padding == 0, let known = versions[asked][place] { return known }
        let rows = thing.kind == .list ? Int(random.within(4...9)) : thing.kind == .facet ? 3 : 1
        let owner = place >= 0 ? place : nil
        let content = ledger.add(Ledger.Content(thing: asked, key: owner, rows: rows))
        var version = Version(content: content, body: Self.body(thing.kind, content, rows: 0..<rows, padding: padding))
        if thing.kind == .list || thing.kind == .facet {
            let beginning = ledger.add(Ledger.Content(thing: asked, key: owner, rows: rows, isCut: true))
            version.beginning = (beginning, Self.body(thing.kind, beginning, rows: 0..<rows - 1, padding: 0))
        }
        if padding == 0 { versions[asked][place] = version }
        return version
    }

    private static func body(_ kind: Subject.Thing.Kind, _ content: Int, rows: Range<Int>, padding: Int) -> [UInt8] {
        let pad = padding > 0 ? ",\"pad\":\"" + String(repeating: "x", count: padding) + "\"" : ""
        switch kind {
        case .list, .facet:
            // Two of three are of acme, which a view leaves; every second one is called alpha.
            let list = rows.map { row in
                let number = kind == .facet ? rows.count - 1 - row : row
                return
                    #"{"id":"\#(number % 3 == 2 ? "forge" : "acme")/m\#(number)","name":"\#(number % 2 == 0 ? "alpha" : "beta")","#
                    + #""architecture":{"output_modalities":["text"]},"pricing":{"prompt":"0.1"},"#
                    + Ledger.Mark.text(content, row) + "}"
            }
            return Array("{\"data\":[\(list.joined(separator: ","))]\(pad)}".utf8)
        case .model: return Array(#"{"data":{"id":"elsewhere/x",\#(Ledger.Mark.text(content, 0))}\#(pad)}"#.utf8)
        case .body: return Array(#"{"data":[],\#(Ledger.Mark.text(content, 0))\#(pad)}"#.utf8)
        }
    }
}
