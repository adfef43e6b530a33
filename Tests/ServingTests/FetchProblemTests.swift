import Bytes
import HTTPCore
import Testing

@testable import Serving

@Suite("What can go wrong with a fetch")
struct FetchProblemTests {
    private static let relayed = FetchProblem.relayed(
        .tooManyRequests, contentType: [], body: .empty, retryAfter: 7)

    @Test(
        "Each is answered with its own status and word",
        arguments: [
            (relayed, 502, .unusable, nil), (.status(.serviceUnavailable, retryAfter: 9), 502, .unusable, 9),
            (.status(.serviceUnavailable, retryAfter: 0), 502, .unusable, 1),
            (.status(.serviceUnavailable, retryAfter: 1 << 31), 502, .unusable, 3600),
            (.unusable("no JSON"), 502, .unusable, nil), (.unreadable("no HTTP"), 502, .unusable, nil),
            (.unreachable("refused"), 502, .unreachable, nil),
            (.timeout("too slow"), 504, .timeout, nil), (.tls("expired"), 502, .tls, nil),
            (.cut("half of it"), 502, .cut, nil), (.backingOff(seconds: 3), 503, .backingOff, 3),
            (.onlyIfCached, 504, .onlyIfCached, nil),
        ] as [(FetchProblem, Int, CacheStatus.Detail, Int?)])
    func answered(problem: FetchProblem, status: Int, detail: CacheStatus.Detail, retryAfter: Int?) {
        #expect(problem.problem.status.rawValue == status)
        #expect(problem.problem.detail == detail)
        #expect(problem.problem.retryAfter == retryAfter)
        #expect(!problem.problem.message.isEmpty)
    }

    @Test("A text is passed on as it is", arguments: ["upstream's certificate has expired", ""])
    func sentence(message: String) {
        #expect(FetchProblem.tls(message).problem.message == message)
        #expect(FetchProblem.cut(message).problem.message == message)
    }

    @Test("What upstream answers may be so for one key only; that it does not answer is so for everyone")
    func concern() {
        let answers: [FetchProblem] = [
            Self.relayed, .status(Status(rawValue: 500), retryAfter: nil), .unusable(""), .unreadable(""),
        ]
        #expect(answers.allSatisfy { $0.concern == .keyAtFirst })
        let failures: [FetchProblem] = [
            .unreachable(""), .timeout(""), .tls(""), .cut(""), .backingOff(seconds: 1), .onlyIfCached,
        ]
        #expect(failures.allSatisfy { $0.concern == .everyone })
        let refusal = FetchProblem.relayed(Status(rawValue: 402), contentType: [], body: .empty, retryAfter: nil)
        #expect(refusal.concern == .key)
        #expect(FetchProblem.backingOff(seconds: 1, isAboutKey: true).concern == .key)
    }

    @Test("Upstream was asked unless Larder itself says no")
    func hasAsked() {
        let asked: [FetchProblem] = [
            Self.relayed, .status(.badGateway, retryAfter: nil), .unusable(""), .unreadable(""), .unreachable(""),
            .timeout(""), .tls(""), .cut(""),
        ]
        #expect(asked.filter(\.hasAsked).count == asked.count)
        let unasked: [FetchProblem] = [.backingOff(seconds: 1), .busy, .onlyIfCached]
        #expect(unasked.filter(\.hasAsked).isEmpty)
    }

    @Test("Upstream's status and wish are kept where there are any")
    func kept() {
        #expect(Self.relayed.status == .tooManyRequests)
        #expect(Self.relayed.retryAfter == 7)
        #expect(FetchProblem.status(.badGateway, retryAfter: nil).status == .badGateway)
        #expect(FetchProblem.unusable("").status == .ok)
        #expect(FetchProblem.timeout("").status == nil)
        #expect(FetchProblem.unreadable("").status == nil)
        #expect(FetchProblem.timeout("").retryAfter == nil)
        #expect(FetchProblem.backingOff(seconds: 4).retryAfter == 4)
    }
}
