import Bytes
import EventLoop
import Fleet
import HTTPClient

/// What a connection to an engine is used for.
enum Purpose: Equatable {
    case commands
    case subscription
    /// Asks Sentinel where the master of this name is.
    case sentinel(master: String)
}

/// Receives what `Conversation` says about one connection, and its end. After `failed` it is closed.
protocol EngineConnectionOwner: AnyObject {
    func happened(_ event: Conversation.Event, on connection: EngineConnection)
}

/// One connection to an engine: it greets, sends commands and reads replies.
final class EngineConnection: RawConnectionDelegate {
    private let reader: ReplyReader
    private let channel: EngineKey
    private var conversation: Conversation
    private var connection: RawConnection?
    private weak var owner: (any EngineConnectionOwner)?
    private var isClosed = false

    init(
        _ settings: EngineSettings, _ purpose: Purpose, to peer: Connector.Peer, by connector: Connector,
        owner: any EngineConnectionOwner
    ) {
        self.owner = owner
        channel = settings.channel
        reader = ReplyReader(longest: purpose == .commands ? settings.longestReply : 64 << 10)
        conversation = Conversation(channel: settings.channel)
        connection = connector.connect(to: peer, timeout: settings.connectTimeout, delegate: self)
        greet(settings, purpose)
    }

    /// The greeting is sent in one piece with the connection's first bytes.
    private func greet(_ settings: EngineSettings, _ purpose: Purpose) {
        var greeting = ByteBuilder()
        var steps: [Conversation.Greeting] = []
        func words(_ texts: [String]) -> [[UInt8]] { texts.map { Array($0.utf8) } }
        if case .sentinel(let master) = purpose {
            steps.append(.master)
            greeting.append(command: words(["SENTINEL", "get-master-addr-by-name", master]))
        } else {
            if let password = settings.password {
                steps.append(.password)
                greeting.append(command: words(["AUTH"] + (settings.username.map { [$0] } ?? [])) + [password])
            }
            steps.append(.name)
            greeting.append(command: words(["CLIENT", "SETNAME", settings.clientName]))
            if settings.address.database != 0 {
                steps.append(.database)
                greeting.append(command: words(["SELECT", String(settings.address.database)]))
            }
            if purpose == .subscription {
                steps.append(.subscription)
                greeting.append(command: words(["SUBSCRIBE", channel.name]))
            }
        }
        conversation.greets(steps)
        connection?.send(greeting.span)
    }

    /// Sends a command; its reply comes as an event.
    func send(_ command: EngineCommand) {
        guard !isClosed else { return }
        var text = ByteBuilder()
        text.append(command, channel: channel)
        conversation.asks(replies: command.replyCount)
        connection?.send(text.span)
    }

    /// Sends a command in words, which has one reply.
    func ask(_ command: [String]) {
        guard !isClosed else { return }
        var text = ByteBuilder()
        text.append(command: command.map { Array($0.utf8) })
        conversation.asks(replies: 1)
        connection?.send(text.span)
    }

    /// Asks on a subscription for a sign of life, the event `alive`.
    func ping() {
        var text = ByteBuilder()
        text.append(command: [Array("PING".utf8)])
        connection?.send(text.span)
    }

    /// Closes it, without a further event. A second call does nothing.
    func close() {
        isClosed = true
        connection?.close()
        connection = nil
    }

    // MARK: What happens

    func connected(_ connection: RawConnection) {}

    func received(_ bytes: Span<UInt8>, on connection: RawConnection) {
        reader.feed(bytes)
        do throws(ReplyProblem) {
            while !isClosed, let reply = try reader.next() {
                guard let event = conversation.received(reply) else { continue }
                report(event)
            }
        } catch {
            report(.failed(.nonsense))
        }
    }

    func ended(_ failure: FetchFailure, on connection: RawConnection) {
        report(.failed(failure.isTimeout ? .timeout : .connection(failure.engineText)))
    }

    private func report(_ event: Conversation.Event) {
        guard !isClosed else { return }
        if case .failed = event { close() }
        owner?.happened(event, on: self)
    }
}

extension FetchFailure {
    fileprivate var isTimeout: Bool { if case .timeout = self { true } else { false } }

    /// A description that fits an engine.
    fileprivate var engineText: String {
        switch self {
        case .unreachable(let why), .cut(let why), .other(let why), .malformed(let why): why
        case .nameNotResolved(let why): "its name does not resolve: \(why)"
        case .tls(let why): "no secure connection: \(why)"
        case .timeout, .tooLarge, .noRoom, .tooManyRedirects, .redirectElsewhere, .cancelled: message
        }
    }
}
