import EventLoop
package import Fleet
import HTTPClient

/// Tries an engine with single commands, as `larder doctor` does. It waits, so it is not for a loop that serves.
package final class EngineProbe: EngineConnectionOwner {
    private let loop: Loop
    private let settings: EngineSettings
    private let connector: Connector
    private let commands: [[String]]
    private let isSubscription: Bool
    private var connection: EngineConnection?
    private var timer: LoopTimer?
    private var replies: [EngineReply] = []
    private var failure: LinkFailure?
    private var isOver = false

    /// How it went.
    package enum Outcome: Sendable {
        /// The replies to all commands.
        case replies([EngineReply])
        /// The engine cannot be used.
        case failed(LinkFailure)
    }

    /// Connects, and sends these commands one after the other. A subscription gets no commands: without a failure it works.
    package static func run(
        _ settings: EngineSettings, _ commands: [[String]], isSubscription: Bool = false
    ) throws(EngineProblem) -> Outcome {
        let probe = try EngineProbe(settings, commands, isSubscription)
        probe.begin()
        probe.loop.run()
        probe.loop.close()
        if let failure = probe.failure { return .failed(failure) }
        return .replies(probe.replies)
    }

    private init(_ settings: EngineSettings, _ commands: [[String]], _ isSubscription: Bool) throws(EngineProblem) {
        self.settings = settings
        self.commands = commands
        self.isSubscription = isSubscription
        loop = Loop()
        do {
            connector = try Connector(on: loop, caFile: settings.caFile)
        } catch {
            loop.close()
            throw EngineProblem(description: error.description)
        }
    }

    private func begin() {
        timer = LoopTimer(on: loop) { [unowned self] in timePassed() }
        timer?.start(after: settings.connectTimeout * 2 + 2_000)
        switch settings.address.place {
        case .node(let node): connect(to: peer(node))
        case .socket(let path): connect(to: .socket(path))
        case .sentinels(let nodes, let master):
            guard let first = nodes.first else { return finish(.connection("no Sentinel is named")) }
            connection = EngineConnection(
                settings, .sentinel(master: master), to: peer(first), by: connector, owner: self)
        }
    }

    private func timePassed() {
        guard isOver else { return finish(.timeout) }
        timer?.close()
        timer = nil
        connector.close()
    }

    private func peer(_ node: EngineAddress.Node) -> Connector.Peer {
        .host(node.host, port: node.port, isSecure: settings.address.isSecure)
    }

    private func connect(to peer: Connector.Peer) {
        connection = EngineConnection(
            settings, isSubscription ? .subscription : .commands, to: peer, by: connector, owner: self)
    }

    /// Closes what is open, but not within a call of the connection.
    private func finish(_ failure: LinkFailure?) {
        guard !isOver else { return }
        isOver = true
        self.failure = failure
        connection?.close()
        timer?.start(after: 0)
    }

    func happened(_ event: Conversation.Event, on connection: EngineConnection) {
        guard !isOver, connection === self.connection else { return }
        switch event {
        case .ready:
            if commands.isEmpty || isSubscription { return finish(nil) }
            for command in commands { connection.ask(command) }
        case .reply(let reply):
            replies.append(reply)
            if replies.count == commands.count { finish(nil) }
        case .master(let node?):
            connection.close()
            connect(to: peer(node))
        case .master(nil): finish(.connection("Sentinel does not know the master"))
        case .failed(let failure): finish(failure)
        case .message, .alive: break
        }
    }
}
