import Engine
import EventLoop
import Fleet
import TestSupport

/// What a link has told its delegate.
enum LinkEvent: Equatable {
    case connected
    case reply(EngineReply)
    case message([UInt8])
    case failed(LinkFailure)

    var failure: LinkFailure? { if case .failed(let failure) = self { failure } else { nil } }
}

/// A link on a loop of its own, which runs on the test's thread.
final class LinkRun: EngineLinkDelegate {
    private let react: (LinkEvent, LinkRun) throws -> Void
    private(set) var events: [LinkEvent] = []
    private(set) var link: EngineLink?
    private var error: (any Error)?
    private var watchdog: LoopTimer?
    private var helpers: [LoopTimer] = []
    private var doors: [Mailbox<Void>] = []
    let loop = Loop()

    private init(_ react: @escaping (LinkEvent, LinkRun) throws -> Void) { self.react = react }

    /// Connects, and calls `react` for each event until it calls `stop`, or until it hangs.
    @discardableResult
    static func run(
        _ settings: EngineSettings, destination: Destination = .configured, stopAfter limit: Int? = nil,
        _ react: @escaping (LinkEvent, LinkRun) throws -> Void
    ) throws -> [LinkEvent] {
        let run = LinkRun(react)
        let link = try EngineLink(on: run.loop, settings)
        run.link = link
        link.report(to: run)
        run.watchdog = LoopTimer(on: run.loop) {
            run.error = TimedOut("the link's events, after \(run.events)", after: .hang)
            run.stop()
        }
        run.watchdog?.start(after: Int(Duration.hang.components.seconds * 1_000))
        if let limit { run.after(limit) { run.stop() } }
        link.connect(destination)
        run.loop.run()
        run.loop.close()
        if let error = run.error { throw error }
        return run.events
    }

    /// Connects, sends commands and returns their replies, or throws the failure.
    static func replies(_ settings: EngineSettings, _ commands: [EngineCommand]) throws -> [EngineReply] {
        var replies: [EngineReply] = []
        try run(settings) { event, run in
            switch event {
            case .connected: for command in commands { run.link?.send(command) }
            case .reply(let reply):
                replies.append(reply)
                if replies.count == commands.count { run.stop() }
            case .message: break
            case .failed(let failure): throw Failed(failure: failure)
            }
        }
        return replies
    }

    /// The failure that ends an attempt to connect.
    static func failure(_ settings: EngineSettings) throws -> LinkFailure? {
        try run(settings) { event, run in if event == .connected || event.failure != nil { run.stop() } }.last?.failure
    }

    func stop() {
        link?.close()
        watchdog?.close()
        for helper in helpers { helper.close() }
        for door in doors { door.close() }
        link = nil
    }

    /// Calls `body` after a while, on the loop.
    func after(_ milliseconds: Int, _ body: @escaping () -> Void) {
        let timer = LoopTimer(on: loop, body)
        timer.start(after: milliseconds)
        helpers.append(timer)
    }

    /// Calls `body` again and again, on the loop, once in each of its turns at most.
    func every(_ milliseconds: Int, _ body: @escaping () -> Void) {
        let timer = LoopTimer(on: loop, body)
        timer.start(after: milliseconds, repeating: milliseconds)
        helpers.append(timer)
    }

    /// Calls `body` when the loop looks at its sockets next, together with those that are readable then.
    func amongSockets(_ body: @escaping () -> Void) {
        let door = Mailbox<Void>(on: loop) { _ in body() }
        doors.append(door)
        door.send(())
    }

    private func note(_ event: LinkEvent) {
        events.append(event)
        do {
            try react(event, self)
        } catch {
            self.error = error
            stop()
        }
    }

    func linkConnected() { note(.connected) }
    func linkReceived(_ reply: EngineReply) { note(.reply(reply)) }
    func linkHeard(_ message: [UInt8]) { note(.message(message)) }
    func linkFailed(_ failure: LinkFailure) { note(.failed(failure)) }
}

/// The link has failed where the test needs it.
struct Failed: Error { var failure: LinkFailure }

let channel = EngineKey(name: "larder:{test}:news")

func key(_ name: String) -> EngineKey { EngineKey(name: "larder:{test}:" + name) }

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

func settings(_ url: String) throws -> EngineSettings {
    var settings = EngineSettings(address: try EngineAddress(url), channel: channel)
    // The machine may be busy with other tests.
    settings.connectTimeout = 60_000
    return settings
}
