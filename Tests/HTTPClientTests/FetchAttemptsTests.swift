import Testing

@testable import HTTPClient

/// What is sent again, event by event.
@Suite struct FetchAttemptsTests {
    private static let cut = FetchFailure.cut("the connection ended")
    private static let broken = FetchFailure.malformed("an error of HTTP/2")

    /// One attempt, on a new or a kept connection.
    private func attempts(onNewConnection: Bool, hasAnswer: Bool = false) -> FetchAttempts {
        var attempts = FetchAttempts()
        let begun = attempts.begin(onNewConnection: onNewConnection)
        #expect(begun.maySend && !begun.isConnectionSuspect)
        if hasAnswer { attempts.answered() }
        return attempts
    }

    @Test func `a kept connection that ends without an answer is suspect, and the request is sent again`() {
        let verdict = attempts(onNewConnection: false).failed(Self.cut, isHTTP2Error: false, mayRepeat: true)
        #expect(verdict.shouldRepeat && verdict.isConnectionSuspect)
    }

    @Test func `a new connection that ends without an answer is a failure`() {
        let verdict = attempts(onNewConnection: true).failed(Self.cut, isHTTP2Error: false, mayRepeat: true)
        #expect(!verdict.shouldRepeat && verdict.isConnectionSuspect)
    }

    @Test(arguments: [true, false]) func `what HTTP/2 refuses is sent again on any connection`(isNew: Bool) {
        let verdict = attempts(onNewConnection: isNew).failed(Self.broken, isHTTP2Error: true, mayRepeat: true)
        #expect(verdict.shouldRepeat && verdict.isConnectionSuspect)
    }

    @Test func `nothing is sent again once an answer has begun, without time, or where it has effects`() {
        let begun = attempts(onNewConnection: false, hasAnswer: true)
        #expect(!begun.failed(Self.cut, isHTTP2Error: false, mayRepeat: true).shouldRepeat)
        let late = attempts(onNewConnection: false)
        #expect(!late.failed(Self.cut, isHTTP2Error: false, mayRepeat: false).shouldRepeat)
    }

    @Test(arguments: [FetchPhase.head, .body])
    func `after a timeout the connection is suspect, and nothing is sent again`(phase: FetchPhase) {
        let verdict = attempts(onNewConnection: false).failed(.timeout(phase), isHTTP2Error: false, mayRepeat: true)
        #expect(!verdict.shouldRepeat && verdict.isConnectionSuspect)
    }

    @Test func `a third time is none`() {
        var attempts = attempts(onNewConnection: false)
        let second = attempts.begin(onNewConnection: true)
        #expect(second.maySend && second.isConnectionSuspect)
        #expect(!attempts.failed(Self.broken, isHTTP2Error: true, mayRepeat: true).shouldRepeat)
        let third = attempts.begin(onNewConnection: true)
        #expect(!third.maySend && third.isConnectionSuspect)
    }

    @Test(arguments: [
        FetchFailure.timeout(.connecting), .timeout(.resolving), .timeout(.handshake), .unreachable(""), .tls(""),
        .nameNotResolved(""), .cut(""),
    ])
    func `what fails before a request goes out says nothing of other connections`(failure: FetchFailure) {
        let verdict = FetchAttempts().failed(failure, isHTTP2Error: false, mayRepeat: true)
        #expect(!verdict.shouldRepeat && !verdict.isConnectionSuspect)
    }

    @Test(arguments: [FetchFailure.malformed("no gzip"), .tooLarge(limit: 1), .cancelled, .other("")])
    func `what an answer lacks says nothing of the connection`(failure: FetchFailure) {
        let attempts = attempts(onNewConnection: false, hasAnswer: true)
        let verdict = attempts.failed(failure, isHTTP2Error: false, mayRepeat: true)
        #expect(!verdict.shouldRepeat && !verdict.isConnectionSuspect)
    }
}
