package import EventLoop
package import Fleet
import HTTPClient

/// How to reach the engine.
package struct EngineSettings: Sendable {
    package var address: EngineAddress
    package var username: String?
    /// The password's bytes.
    package var password: [UInt8]?
    /// A file of certificate authorities that are trusted in addition to the system's.
    package var caFile: String?
    /// The fleet's channel.
    package var channel: EngineKey
    /// The name under which `CLIENT LIST` shows the connections.
    package var clientName = "larder"
    /// The time limit for making a connection, in milliseconds.
    package var connectTimeout = 500
    /// The longest reply, in bytes.
    package var longestReply = (8 << 20) + (64 << 10)
    /// How often a subscription is asked for a sign of life, in milliseconds.
    package var pingInterval = 5_000

    package init(address: EngineAddress, channel: EngineKey) {
        self.address = address
        self.channel = channel
    }
}

/// The settings cannot be used.
package struct EngineProblem: Error, CustomStringConvertible {
    package let description: String
}

/// Receives what happens on the link, on its loop.
package protocol EngineLinkDelegate: AnyObject {
    /// Both connections are made, authenticated and subscribed.
    func linkConnected()
    /// The reply to the oldest command without one.
    func linkReceived(_ reply: EngineReply)
    /// A message on the channel.
    func linkHeard(_ message: [UInt8])
    /// A connection could not be made, or has ended. Both are closed.
    func linkFailed(_ failure: LinkFailure)
}

/// Both connections to the engine: for commands, and for the subscription. `LinkStateMachine` decides when they are made.
package final class EngineLink: EngineConnectionOwner {
    /// The subscription's sign of life.
    private enum Life {
        case shown
        /// It was asked for, and has not come.
        case asked
        /// It has not come in time, and the sockets have a turn before it is missed.
        case late
    }

    private let loop: Loop
    private let settings: EngineSettings
    private let connector: Connector
    private weak var delegate: (any EngineLinkDelegate)?
    private var commands: EngineConnection?
    private var subscription: EngineConnection?
    private var sentinels: [EngineConnection] = []
    private var ready = 0
    private var timer: LoopTimer?
    private var life = Life.shown

    /// A link without connections. It must be closed before its loop. Fails if the CA file cannot be used.
    package init(on loop: Loop, _ settings: EngineSettings) throws(EngineProblem) {
        self.loop = loop
        self.settings = settings
        do {
            connector = try Connector(on: loop, caFile: settings.caFile)
        } catch {
            throw EngineProblem(description: error.description)
        }
        timer = LoopTimer(on: loop) { [unowned self] in checkLife() }
    }

    /// Who receives what happens; it is not retained.
    package func report(to delegate: any EngineLinkDelegate) { self.delegate = delegate }

    /// Makes both connections. Earlier ones are closed.
    package func connect(_ destination: Destination) {
        disconnect()
        if case .node(let name) = destination, let node = EngineAddress.node(named: name) {
            return connect(to: peer(node))
        }
        switch settings.address.place {
        case .node(let node): connect(to: peer(node))
        case .socket(let path): connect(to: .socket(path))
        case .sentinels(let nodes, let master):
            // The first that knows the master decides: one that is wrong leads to a node that refuses writes.
            sentinels = nodes.map {
                EngineConnection(settings, .sentinel(master: master), to: peer($0), by: connector, owner: self)
            }
        }
    }

    private func peer(_ node: EngineAddress.Node) -> Connector.Peer {
        .host(node.host, port: node.port, isSecure: settings.address.isSecure)
    }

    private func connect(to peer: Connector.Peer) {
        commands = EngineConnection(settings, .commands, to: peer, by: connector, owner: self)
        subscription = EngineConnection(settings, .subscription, to: peer, by: connector, owner: self)
    }

    /// Sends a command. Without a connection it does nothing.
    package func send(_ command: EngineCommand) { commands?.send(command) }

    /// Closes both connections, without a call to the delegate.
    package func disconnect() {
        for connection in sentinels { connection.close() }
        sentinels = []
        commands?.close()
        commands = nil
        subscription?.close()
        subscription = nil
        ready = 0
        life = .shown
        timer?.stop()
    }

    /// Closes all. Further calls do nothing.
    package func close() {
        disconnect()
        timer?.close()
        timer = nil
        connector.close()
    }

    private func checkLife() {
        switch life {
        case .shown:
            life = .asked
            subscription?.ping()
        case .asked:
            // libuv may run the timers before the sockets: if this thread could not run for a while, the answer may
            // have come long ago, or the question has only just been sent.
            life = .late
            // A timer that is due already would run before the sockets (libuv before 1.48).
            loop.updateNow()
            timer?.start(after: max(1, settings.pingInterval / 10), repeating: settings.pingInterval)
        case .late: fail(.timeout)
        }
    }

    private func fail(_ failure: LinkFailure) {
        disconnect()
        delegate?.linkFailed(failure)
    }

    func happened(_ event: Conversation.Event, on connection: EngineConnection) {
        if sentinels.contains(where: { $0 === connection }) { return learned(event, from: connection) }
        guard connection === commands || connection === subscription else { return }
        switch event {
        case .ready:
            ready += 1
            guard ready == 2 else { return }
            timer?.start(after: settings.pingInterval, repeating: settings.pingInterval)
            delegate?.linkConnected()
        case .reply(let reply): delegate?.linkReceived(reply)
        case .message(let message): delegate?.linkHeard(message)
        case .alive: life = .shown
        case .master: fail(.nonsense)
        case .failed(let failure): fail(failure)
        }
    }

    private func learned(_ event: Conversation.Event, from sentinel: EngineConnection) {
        if case .master(let node?) = event {
            for connection in sentinels { connection.close() }
            sentinels = []
            return connect(to: peer(node))
        }
        sentinel.close()
        sentinels.removeAll { $0 === sentinel }
        guard sentinels.isEmpty else { return }
        if case .failed(let failure) = event { return fail(failure) }
        fail(.connection("no Sentinel knows the master"))
    }
}
