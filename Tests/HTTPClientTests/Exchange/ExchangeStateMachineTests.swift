import HTTPClient
import Testing

/// The transitions of an exchange, event by event: no socket, no clock.
@Suite struct ExchangeStateMachineTests {
    static let start: [Step] = [(.began, ""), (.new, ""), (.sent, "")]
    static let startKept: [Step] = [(.began, ""), (.kept, ""), (.sent, "")]
    static let ok: [Step] = start + [(.readable, ""), (.bytes, "parse"), (.head(200), "")]

    private static let responses = [
        ExchangeTable(
            "a response that comes at once is told whole, and its connection kept",
            ok + [
                (.end(isReusable: true), ""), (.deliver(hasBody: true), "200 body ended(trailers,keep)"),
                (.deliver(), ""),
            ]),
        ExchangeTable(
            "a response that comes bit by bit is told bit by bit",
            ok + [
                (.deliver(), "200 settled"), (.bytes, "parse"), (.deliver(hasBody: true), "body settled"),
                (.bytes, "parse"), (.deliver(hasBody: true), "body settled"), (.bytes, "parse"),
                (.end(isReusable: true), ""),
                (.deliver(), "ended(trailers,keep)"),
            ]),
        ExchangeTable(
            "interim responses are told first, each once",
            start + [
                (.bytes, "parse"), (.interim(100), ""), (.deliver(), "100 settled"), (.bytes, "parse"),
                (.interim(102), ""),
                (.interim(103), ""), (.head(200), ""), (.end(isReusable: true), ""),
                (.deliver(), "102 103 200 ended(trailers,keep)"),
            ]),
        ExchangeTable(
            "what does not leave the connection clear closes it",
            ok + [
                (.end(isReusable: false), ""), (.deliver(), "200 ended(trailers,close)"),
            ]),
        ExchangeTable(
            "a body that ends with the connection is whole by its end in good order",
            start + [
                (.bytes, "parse"), (.head(200, untilEnd: true), ""), (.deliver(hasBody: true), "200 body settled"),
                (.closed, ""), (.deliver(), "ended(close)"),
            ]),
        ExchangeTable(
            "a body that ends with the connection is cut by a failure",
            start + [
                (.bytes, "parse"), (.head(200, untilEnd: true), ""), (.ended(.cut("reset"), isRepeatable: true), ""),
                (.deliver(hasBody: true), "200 body failed(cut)"),
            ]),
        ExchangeTable(
            "a switch of protocols is refused",
            start + [
                (.bytes, "parse"), (.interim(101), "stop"), (.deliver(), "failed(malformed)"),
            ]),
        ExchangeTable(
            "bytes that come after the response spoil the connection",
            ok + [
                (.deliver(), "200 settled"), (.paused, ""), (.bytes, "parse"), (.end(isReusable: true), ""),
                (.deliver(), "settled"),
                (.bytes, "ignore"), (.resumed, "deliver"), (.deliver(), "ended(trailers,close)"),
            ]),
    ]

    /// Nobody acknowledges what was sent.
    private static let deadEnds = [
        ExchangeTable(
            "a request that may be sent twice goes out again, on a new connection",
            startKept + [
                (.unacknowledged(isRepeatable: true), "sendAgain"), (.unacknowledged(isRepeatable: true), ""),
                (.deliver(), "settled"), (.new, ""), (.sent, ""), (.unacknowledged(isRepeatable: true), ""),
                (.deliver(), "failed(cut)"),
            ]),
        ExchangeTable(
            "another fails, and the other idle connections are suspect",
            startKept + [(.unacknowledged(isRepeatable: false), ""), (.deliver(), "failed(cut,suspect)")]),
        ExchangeTable(
            "a body stops",
            startKept + [
                (.bytes, "parse"), (.head(200, untilEnd: true), ""), (.deliver(hasBody: true), "200 body settled"),
                (.unacknowledged(isRepeatable: true), ""), (.deliver(hasBody: true), "body failed(cut,suspect)"),
            ]),
        ExchangeTable(
            "a response that came whole before the rest of the request was sent is complete",
            [
                (.began, ""), (.new, ""), (.advanced(waiting: 9, isSent: false), ""), (.bytes, "parse"),
                (.head(200), ""), (.end(isReusable: true), ""), (.deliver(), "200 settled"),
                (.unacknowledged(isRepeatable: false), "dropRequest"), (.deliver(), "ended(trailers,close)"),
            ]),
        ExchangeTable(
            "without a connection, and after the end, it means nothing",
            [
                (.unacknowledged(isRepeatable: true), ""), (.began, ""), (.unacknowledged(isRepeatable: true), ""),
                (.new, ""), (.failed(.other("")), ""), (.unacknowledged(isRepeatable: true), ""),
                (.deliver(), "failed(other)"), (.unacknowledged(isRepeatable: true), ""),
            ]),
    ]

    private static let requests = [
        ExchangeTable(
            "a response below 300 waits for the rest of the request",
            [
                (.began, ""), (.new, ""), (.advanced(waiting: 0, isSent: false), ""), (.bytes, "parse"),
                (.head(200), ""),
                (.end(isReusable: true), ""), (.deliver(), "200 settled"), (.grew(waiting: 5), ""), (.sent, "deliver"),
                (.deliver(), "ended(trailers,keep)"),
            ]),
        ExchangeTable(
            "a refusal does not, and its connection is closed",
            [
                (.began, ""), (.new, ""), (.advanced(waiting: 9, isSent: false), ""), (.bytes, "parse"),
                (.head(413), "dropRequest"),
                (.end(isReusable: true), ""), (.deliver(), "413 ended(trailers,close)"),
            ]),
        ExchangeTable(
            "a refusal after the whole request leaves the connection as it is",
            start + [
                (.bytes, "parse"), (.head(401), ""), (.end(isReusable: true), ""),
                (.deliver(), "401 ended(trailers,keep)"),
            ]),
        ExchangeTable(
            "a sender is stopped at 64 KiB, and told once when half of it has gone",
            [
                (.began, ""), (.grew(waiting: 65_535), ""), (.grew(waiting: 65_536), "stop"), (.new, ""),
                (.advanced(waiting: 32_769, isSent: false), ""), (.grew(waiting: 32_769), "stop"),
                (.advanced(waiting: 32_768, isSent: false), "deliver"), (.deliver(), "settled room"),
                (.deliver(), "settled"),
                (.grew(waiting: 70_000), "stop"), (.sent, "deliver"), (.deliver(), "settled room"),
                (.grew(waiting: 0), ""),
            ]),
        ExchangeTable(
            "a sender that goes on before it is told may be stopped again",
            [
                (.began, ""), (.new, ""), (.grew(waiting: 65_536), "stop"),
                (.advanced(waiting: 0, isSent: false), "deliver"),
                (.grew(waiting: 100), ""), (.grew(waiting: 65_536), "stop"), (.deliver(), "settled"),
                (.sent, "deliver"),
                (.sent, ""), (.deliver(), "settled room"),
            ]),
        ExchangeTable(
            "room that was made before the request was sent is told before the end",
            [
                (.began, ""), (.new, ""), (.grew(waiting: 65_536), "stop"),
                (.advanced(waiting: 9, isSent: false), "deliver"),
                (.bytes, "parse"), (.head(200), ""), (.end(isReusable: true), ""),
                (.advanced(waiting: 0, isSent: true), "deliver"),
                (.deliver(), "200 room ended(trailers,keep)"),
            ]),
        ExchangeTable(
            "a sender that was stopped is released where upstream wants no more",
            [
                (.began, ""), (.new, ""), (.grew(waiting: 65_536), "stop"), (.bytes, "parse"),
                (.head(413), "dropRequest"),
                (.deliver(), "413 settled room"), (.advanced(waiting: 0, isSent: false), ""),
                (.grew(waiting: 65_536), ""),
                (.closed, ""), (.deliver(), "failed(cut)"),
            ]),
        ExchangeTable(
            "a refusal that comes while room is told",
            [
                (.began, ""), (.new, ""), (.grew(waiting: 65_536), "stop"), (.sent, "deliver"), (.bytes, "parse"),
                (.head(413), ""),
                (.end(isReusable: true), ""), (.deliver(), "413 room ended(trailers,keep)"),
            ]),
        ExchangeTable(
            "a body that is too short fails, also after the response",
            ok + [
                (.end(isReusable: true), ""), (.failed(.other("short")), ""), (.failed(.cut("later")), ""),
                (.deliver(), "200 failed(other)"),
            ]),
    ]

    private static let pauses = [
        ExchangeTable(
            "while paused no body is told, nor the end",
            ok + [
                (.paused, ""), (.end(isReusable: true), ""), (.deliver(hasBody: true), "200 settled"), (.readable, ""),
                (.resumed, "deliver"), (.resumed, ""), (.deliver(hasBody: true), "body ended(trailers,keep)"),
            ]),
        ExchangeTable(
            "while paused no failure is told",
            ok + [
                (.paused, ""), (.failed(.malformed("")), ""), (.deliver(hasBody: true), "200 settled"),
                (.resumed, "deliver"),
                (.deliver(hasBody: true), "body failed(malformed)"),
            ]),
        ExchangeTable(
            "a pause before there is a connection",
            [
                (.paused, ""), (.began, ""), (.new, ""), (.sent, ""), (.deliver(), "settled"), (.resumed, "deliver"),
            ]),
        ExchangeTable(
            "a pause that ended before there was a connection",
            [
                (.paused, ""), (.resumed, "deliver"), (.began, ""), (.deliver(), "settled"), (.new, ""), (.sent, ""),
            ]),
        ExchangeTable(
            "a request that is sent again stays paused",
            startKept + [
                (.paused, ""), (.sendingFailed(hasBegun: true), "dropRequest"),
                (.ended(nil, isRepeatable: true), "sendAgain"),
                (.new, ""), (.deliver(), "settled"), (.resumed, "deliver"),
            ]),
        ExchangeTable(
            "giving up does not wait for the end of a pause",
            ok + [
                (.paused, ""), (.abandoned(.timeout(.body)), "failed(timeout)"), (.deliver(), ""),
                (.resumed, "deliver"),
            ]),
    ]

    private static let abandonments = [
        ExchangeTable(
            "silence on a new connection says nothing about others",
            start + [
                (.abandoned(.timeout(.head)), "failed(timeout)"), (.abandoned(.cancelled), "nothing"),
            ]),
        ExchangeTable(
            "silence on a kept connection does", startKept + [(.abandoned(.timeout(.head)), "failed(timeout,suspect)")]),
        ExchangeTable(
            "so it does within the body",
            startKept + [
                (.bytes, "parse"), (.head(200), ""), (.deliver(), "200 settled"),
                (.abandoned(.timeout(.body)), "failed(timeout,suspect)"),
            ]),
        ExchangeTable("the client's closing does not", startKept + [(.abandoned(.cancelled), "failed(cancelled)")]),
        ExchangeTable(
            "a malformed answer does not",
            startKept + [
                (.bytes, "parse"), (.failed(.malformed("")), ""), (.deliver(), "failed(malformed)"),
            ]),
        ExchangeTable(
            "cancelling where a kept connection was silent does",
            startKept + [(.cancelled, "suspect"), (.deliver(), "")]),
        ExchangeTable("cancelling where something came does not", startKept + [(.bytes, "parse"), (.cancelled, "")]),
        ExchangeTable("cancelling on a new connection does not", start + [(.cancelled, "")]),
        ExchangeTable(
            "cancelling before there is a connection", [(.began, ""), (.cancelled, ""), (.failed(.cancelled), "")]),
        ExchangeTable(
            "an earlier failure is the one that is told",
            start + [
                (.failed(.malformed("")), ""), (.abandoned(.cancelled), "failed(malformed)"),
            ]),
    ]

    @Test(arguments: [responses, deadEnds, requests, ends, pauses, abandonments].flatMap(\.self))
    func `each event has its action`(table: ExchangeTable) {
        var machine = ExchangeStateMachine()
        for (number, step) in table.steps.enumerated() {
            let action = step.event.happen(to: &machine)
            #expect(action == step.action, "step \(number), \(step.event)")
        }
    }

    @Test func `a hundred interim responses are told, and one more is malformed`() {
        var machine = ExchangeStateMachine()
        for step in Self.start + [(.bytes, "parse")] { _ = step.event.happen(to: &machine) }
        for _ in 0..<100 { #expect(ExchangeEvent.interim(102).happen(to: &machine) == "") }
        #expect(ExchangeEvent.deliver().happen(to: &machine).split(separator: " ").count == 101)
        #expect(ExchangeEvent.interim(102).happen(to: &machine) == "stop")
        #expect(machine.nextDelivery(hasBody: false) == .failed(suspectsIdle: false))
        #expect(machine.failure == .malformed("it has more than 100 interim responses"))
    }

    @Test func `reading begins with a readable socket, and stops where it is empty, paused or over`() {
        var machine = ExchangeStateMachine()
        func expect(_ wantsRead: Bool, after event: ExchangeEvent) {
            _ = event.happen(to: &machine)
            #expect(machine.wantsRead == wantsRead, "\(event)")
        }
        expect(false, after: .readable)
        expect(false, after: .began)
        expect(false, after: .new)
        expect(false, after: .sent)
        expect(true, after: .readable)
        expect(true, after: .received(more: true))
        expect(false, after: .received(more: false))
        expect(true, after: .readable)
        expect(false, after: .nothing(isRepeatable: true))
        expect(false, after: .paused)
        expect(false, after: .readable)
        expect(true, after: .resumed)
        expect(true, after: .socketFailed)
        expect(false, after: .closed)
        expect(false, after: .readable)
        expect(false, after: .deliver())
    }

    @Test func `its owner can ask how far it is`() {
        var machine = ExchangeStateMachine()
        #expect(machine.takesBody && !machine.hasHead && !machine.isOver && !machine.isPaused)
        for step in Self.startKept + [(.bytes, ""), (.head(500), "")] { _ = step.event.happen(to: &machine) }
        #expect(machine.takesBody && machine.hasHead)
        _ = machine.abandoned(.cancelled)
        #expect(machine.isOver && !machine.takesBody && !machine.hasHead)
    }

    @Test func `an event that cannot happen stops a debug build`() async {
        await #expect(processExitsWith: .failure) {
            var machine = ExchangeStateMachine()
            machine.connected(isUsed: false)
        }
        await #expect(processExitsWith: .failure) {
            var machine = ExchangeStateMachine()
            machine.receivedEnd(trailers: 0..<0, isReusable: true)
        }
        await #expect(processExitsWith: .failure) {
            var machine = ExchangeStateMachine()
            machine.began()
            machine.began()
        }
    }
}
