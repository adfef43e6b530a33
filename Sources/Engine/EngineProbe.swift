import EventLoop
package import Fleet
import HTTPClient

/// Tries an engine with single commands, as `larder doctor` does. It waits, so it is not for a loop that serves.
package final class EngineProbe: EngineConnectionOwner {
    private let loop: Loop
    private let settings: EngineSettings
    private let connector: Connector
    private let commands: [[String]]
    private let purpose: Purpose
    private let node: EngineAddress.Node?
    private var connection: EngineConnection?
    private var timer: LoopTimer?
    private var replies: [EngineReply] = []
    private var failure: LinkFailure?
    private var master: EngineAddress.Node?
    private var isOver = false

    /// How it went.
    package enum Outcome: Sendable {
        /// The replies to all commands.
        case replies([EngineReply])
        /// The engine cannot be used.
        case failed(LinkFailure)
    }

    /// Connects, and sends these commands one after the other. A subscription gets no commands: without a failure it works.
    /// `node` is what a Sentinel has named; without it the engine is the one of the settings, which must not be Sentinels.
    package static func run(
        _ settings: EngineSettings, at node: EngineAddress.Node? = nil, _ commands: [[String]],
        isSubscription: Bool = false
    ) throws(EngineProblem) -> Outcome {
        let probe = try EngineProbe(settings, node, commands, isSubscription ? .subscription : .commands)
        probe.run()
        if let failure = probe.failure { return .failed(failure) }
        return .replies(probe.replies)
    }

    /// Asks one Sentinel where the master is.
    package static func master(
        _ name: String, by sentinel: EngineAddress.Node, _ settings: EngineSettings
    ) throws(EngineProblem) -> Result<EngineAddress.Node, LinkFailure> {
        let probe = try EngineProbe(settings, sentinel, [], .sentinel(master: name))
        probe.run()
        if let master = probe.master { return .success(master) }
        return .failure(probe.failure ?? .nonsense)
    }

    private init(
        _ settings: EngineSettings, _ node: EngineAddress.Node?, _ commands: [[String]],
        _ purpose: Purpose
    ) throws(EngineProblem) {
        self.settings = settings
        self.node = node
        self.commands = commands
        self.purpose = purpose
        loop = Loop()
        do {
            connector = try Connector(on: loop, caFile: settings.caFile)
        } catch {
            loop.close()
            throw EngineProblem(description: error.description)
        }
    }

    private func run() {
        begin()
        loop.run()
        loop.close()
    }

    private func begin() {
        timer = LoopTimer(on: loop) { [unowned self] in timePassed() }
        timer?.start(after: settings.connectTimeout * 2 + 2_000)
        if let node { return connect(to: peer(node)) }
        switch settings.address.place {
        case .node(let node): connect(to: peer(node))
        case .socket(let path): connect(to: .socket(path))
        case .sentinels: finish(.connection("no Sentinel has named the engine"))
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
        connection = EngineConnection(settings, purpose, to: peer, by: connector, owner: self)
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
            if commands.isEmpty { return finish(nil) }
            for command in commands { connection.ask(command) }
        case .reply(let reply):
            replies.append(reply)
            if replies.count == commands.count { finish(nil) }
        case .master(let node):
            master = node
            finish(node == nil ? .connection("it does not know the master") : nil)
        case .failed(let failure): finish(failure)
        case .message, .alive: break
        }
    }
}
