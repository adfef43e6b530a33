import Fleet

/// Decides what the replies on one connection mean: which of them end the greeting, which answer a command, and which are
/// messages. It is pure.
struct Conversation {
    /// A command of the greeting.
    enum Greeting: Equatable {
        case password
        case name
        case database
        case subscription
        /// Where Sentinel says that the master is.
        case master
    }

    /// What an event means for the connection's owner.
    enum Event: Equatable {
        /// The greeting is over: commands may be sent.
        case ready
        case reply(EngineReply)
        case message([UInt8])
        /// The answer to a ping on a subscription.
        case alive
        /// Sentinel's answer; nil: it does not know the master.
        case master(EngineAddress.Node?)
        case failed(LinkFailure)
    }

    /// What the next replies are for.
    private enum Expected {
        case greeting(Greeting)
        /// So many replies belong to one command.
        case command(left: Int)
    }

    private var expected: [Expected] = []
    private var first = 0
    /// The first error among the replies of a transaction: `EXEC` says only that there was one.
    private var error: EngineError?
    private var isSubscribed = false
    private let channel: EngineKey

    init(channel: EngineKey) { self.channel = channel }

    /// The commands of the greeting are sent, in this order, before any other.
    mutating func greets(_ commands: [Greeting]) { expected += commands.map(Expected.greeting) }

    /// A command is sent that gets so many replies.
    mutating func asks(replies count: Int) { expected.append(.command(left: count)) }

    /// A reply has come; nil if nothing follows from it yet.
    mutating func received(_ reply: EngineReply) -> Event? {
        if isSubscribed { return pushed(reply) }
        guard first < expected.count else {
            // An engine that has too many clients says so before it is asked.
            if case .failure(let error) = reply { return .failed(.engine(error)) }
            return .failed(.nonsense)
        }
        switch expected[first] {
        case .greeting(let greeting):
            advance()
            return greeted(greeting, reply)
        case .command(let left):
            if case .failure(let error) = reply, self.error == nil { self.error = error }
            if left > 1 {
                expected[first] = .command(left: left - 1)
                return nil
            }
            defer { error = nil }
            advance()
            return .reply(error.map(EngineReply.failure) ?? reply)
        }
    }

    private mutating func advance() {
        first += 1
        if first == expected.count || first > 1_024 {
            expected.removeFirst(first)
            first = 0
        }
    }

    private mutating func greeted(_ greeting: Greeting, _ reply: EngineReply) -> Event? {
        switch (greeting, reply) {
        // Whatever it says of a password that it does not want, it is not the right one.
        case (.password, .failure(.other)): return .failed(.engine(.unauthorized))
        // The name is for people, and an ACL may forbid it.
        case (.name, .failure(.forbidden)), (.name, .failure(.other)), (.name, .done): break
        case (_, .failure(let error)): return .failed(.engine(error))
        case (.password, .done), (.database, .done): break
        case (.subscription, .list(let parts)):
            guard parts.count == 3, parts[0] == .bytes(Array("subscribe".utf8)),
                parts[1] == .bytes(Array(channel.name.utf8))
            else { return .failed(.nonsense) }
            isSubscribed = true
        case (.master, .nothing): return .master(nil)
        case (.master, .list(let parts)):
            guard parts.count == 2, case .bytes(let host) = parts[0], case .bytes(let port) = parts[1] else {
                return .failed(.nonsense)
            }
            let text = String(decoding: host, as: UTF8.self) + ":" + String(decoding: port, as: UTF8.self)
            return .master(EngineAddress.node(named: text))
        default: return .failed(.nonsense)
        }
        if first < expected.count, case .greeting = expected[first] { return nil }
        return .ready
    }

    /// What comes on a subscription.
    private func pushed(_ reply: EngineReply) -> Event? {
        if case .failure(let error) = reply { return .failed(.engine(error)) }
        guard case .list(let parts) = reply, case .bytes(let kind)? = parts.first else { return .failed(.nonsense) }
        switch String(decoding: kind, as: UTF8.self) {
        case "message":
            guard parts.count == 3, case .bytes(let message) = parts[2] else { return .failed(.nonsense) }
            return parts[1] == .bytes(Array(channel.name.utf8)) ? .message(message) : nil
        case "pong": return .alive
        // The engine has ended the subscription, as when a cluster moves the slot.
        case "unsubscribe", "sunsubscribe": return .failed(.connection("the engine ended the subscription"))
        default: return nil
        }
    }
}
