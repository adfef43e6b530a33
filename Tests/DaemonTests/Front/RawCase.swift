import Daemon
import Settings
import TestSupport
import Testing

/// Bytes that a client sends, and what must come back.
///
/// Behind the bytes follows a request for `/healthz` in the same write. A case that goes on must have that one answered as
/// well, and nothing else; one that does not must have the connection closed without it. So a request whose end is found in
/// the wrong place is seen either way.
struct RawCase: Sendable, CustomStringConvertible {
    /// What becomes of the connection after the answers.
    enum Ending: Sendable {
        /// The next request is answered.
        case goesOn
        /// The connection is closed, and what follows is not read.
        case closes
    }

    /// What is tried, in a few words.
    let name: String
    /// The section that says so, such as `9112 3.2`.
    let section: String
    /// What is sent.
    let bytes: [UInt8]
    /// The statuses of the answers, in order.
    let statuses: [Int]
    let ending: Ending
    /// The method of the first request: HEAD has no body in its answer.
    let method: String
    /// Text that the first answer has, in its head or its body.
    let holds: [String]
    /// Text that it has not.
    let lacks: [String]

    var description: String { "\(name) (RFC \(section))" }

    init(
        _ name: String, _ section: String, _ text: String, _ statuses: [Int], _ ending: Ending = .goesOn,
        method: String? = nil, holds: [String] = [], lacks: [String] = []
    ) {
        self.init(name, section, Array(text.utf8), statuses, ending, method: method, holds: holds, lacks: lacks)
    }

    init(
        _ name: String, _ section: String, _ bytes: [UInt8], _ statuses: [Int], _ ending: Ending = .goesOn,
        method: String? = nil, holds: [String] = [], lacks: [String] = []
    ) {
        self.name = name
        self.section = section
        self.bytes = bytes
        self.statuses = statuses
        self.ending = ending
        self.method = method ?? (bytes.starts(with: Array("HEAD ".utf8)) ? "HEAD" : "GET")
        self.holds = holds
        self.lacks = lacks
    }

    /// A GET of the count with these further lines, each ended by CRLF.
    static func get(
        _ name: String, _ section: String, lines: String, _ statuses: [Int] = [200], _ ending: Ending = .goesOn,
        holds: [String] = [], lacks: [String] = []
    ) -> RawCase {
        RawCase(
            name, section, "GET /models/count HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n", statuses, ending,
            holds: holds, lacks: lacks)
    }

    /// A POST that is passed through, with these further lines and this body; upstream answers with what it got.
    static func post(
        _ name: String, _ section: String, lines: String, body: String, _ statuses: [Int] = [200],
        _ ending: Ending = .goesOn, holds: [String] = []
    ) -> RawCase {
        RawCase(
            name, section, "POST /echo HTTP/1.1\r\nHost: localhost\r\n\(lines)\r\n\(body)", statuses, ending,
            holds: holds)
    }
}

extension RawCase {
    private static let next = Array("GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)

    /// The upstream of all cases: the sample catalogue, and under `/echo` what it was sent.
    static let upstream: ScriptedOrigin.Handler = { request in
        guard request.path.hasSuffix("/echo") else { return Replies.wellBehaved(request) }
        let body = String(decoding: request.body, as: UTF8.self)
        return .response(
            status: 200, fields: ["Content-Type": "text/plain"],
            body: .text("upstream got \(request.method) \(request.target) [\(body)]"))
    }

    /// Runs cases against one Larder, four at once.
    static func run(_ cases: [RawCase], _ change: (inout Settings) -> Void = { _ in }) throws {
        let origin = try ScriptedOrigin(upstream)
        try LiveLarder.serving(before: origin, change) { larder throws in
            let host = larder.settings.server.allowedHosts.first ?? "localhost"
            #expect(try larder.get("/models/count", ["Host": host]).status == 200)
            try run(cases.map { ($0, nil) }, port: larder.port)
        }
    }

    /// Runs cases, each in one piece or in two that are cut where the number says. What goes wrong is told by the test's own
    /// thread, as an issue of the test.
    static func run(_ cases: [(RawCase, Int?)], port: UInt16) throws {
        let problems = Monitor([String]())
        try concurrently(4) { number in
            for index in stride(from: number, to: cases.count, by: 4) {
                let found = cases[index].0.problems(port: port, split: cases[index].1)
                problems.withValue { $0 += found }
            }
        }
        for problem in problems.current { Issue.record(Comment(rawValue: problem)) }
    }

    /// What is wrong with the answers to the bytes, which are sent in one piece, or in two that are cut at `split`.
    private func problems(port: UInt16, split: Int?) -> [String] {
        var problems: [String] = []
        let check = { (isGood: Bool, what: String) in
            if !isGood { problems.append("\(self)\(split.map { " cut at \($0)" } ?? ""): \(what)") }
        }
        do {
            let client = try RawClient(port: port)
            defer { client.close() }
            let all = bytes + Self.next
            try client.send(Array(all[..<(split ?? all.count)]))
            if let split { try client.send(Array(all[split...])) }
            for (index, status) in statuses.enumerated() {
                let answer = try client.readResponse(to: index == 0 ? method : "GET")
                let text = "\(answer.fields)\r\n\(answer.text)"
                check(answer.status == status, "\(answer.status) and not \(status): \(text)")
                let isLast = index == statuses.count - 1 && ending == .closes
                check((answer.fields["Connection"] == "close") == isLast, "closes, or does not: \(text)")
                if index > 0 { continue }
                for part in holds { check(text.contains(part), "no “\(part)”: \(text)") }
                for part in lacks { check(!text.contains(part), "“\(part)”: \(text)") }
            }
            if ending == .goesOn {
                let text = try client.readResponse().text
                check(text == #"{"status":"ok"}"#, "the next request is answered by \(text)")
            }
            // A reset is an end too: there were bytes that nobody read.
            let rest = (try? client.readToEnd()) ?? []
            check(rest.isEmpty, "more than was asked for: \(String(decoding: rest, as: UTF8.self))")
        } catch {
            check(false, "\(error)")
        }
        return problems
    }
}
