import Bytes
import Fleet
import Testing

@testable import Engine

@Suite struct ConversationTests {
    private func text(_ command: EngineCommand) -> String {
        var builder = ByteBuilder()
        builder.append(command, channel: channel)
        let written = builder.finish()
        return String(decoding: (0..<written.count).map { written.span[$0] }, as: UTF8.self)
    }

    @Test func `commands are arrays of byte strings, and a transaction is several`() {
        #expect(text(.get(EngineKey(name: "k"))) == "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")
        let set = EngineCommand.set(EngineKey(name: "k"), [], milliseconds: 50, onlyIfAbsent: true)
        let setText = "*6\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n$2\r\nPX\r\n$2\r\n50\r\n$2\r\nNX\r\n"
        #expect(text(set) == setText)
        #expect(
            text(.transaction([set, .publish([0x78])]))
                == "*1\r\n$5\r\nMULTI\r\n" + setText + "*3\r\n$7\r\nPUBLISH\r\n$18\r\nlarder:{test}:news\r\n$1\r\nx\r\n"
                + "*1\r\n$4\r\nEXEC\r\n")
        #expect(EngineCommand.transaction([set, set]).replyCount == 4)
    }

    @Test func `replies answer the commands in order after the greeting`() {
        var conversation = Conversation(channel: channel)
        conversation.greets([.password, .name, .database])
        conversation.asks(replies: 1)
        #expect(conversation.received(.done) == nil)
        #expect(conversation.received(.failure(.forbidden)) == nil)
        #expect(conversation.received(.done) == .ready)
        #expect(conversation.received(.number(1)) == .reply(.number(1)))
        #expect(conversation.received(.number(2)) == .failed(.nonsense))
    }

    @Test(
        arguments: [
            (.password, .failure(.unauthorized), .engine(.unauthorized)),
            (.password, .failure(.other("ERR")), .engine(.unauthorized)),
            (.password, .failure(.loading), .engine(.loading)),
            (.name, .failure(.unauthorized), .engine(.unauthorized)),
            (.database, .failure(.other("ERR")), .engine(.other("ERR"))), (.database, .number(1), .nonsense),
            (.subscription, .failure(.forbidden), .engine(.forbidden)), (.subscription, .list([]), .nonsense),
        ] as [(Conversation.Greeting, EngineReply, LinkFailure)])
    func `a greeting that is refused ends the connection`(
        greeting: Conversation.Greeting, reply: EngineReply, failure: LinkFailure
    ) {
        var conversation = Conversation(channel: channel)
        conversation.greets([greeting])
        #expect(conversation.received(reply) == .failed(failure))
    }

    @Test func `a transaction has one reply, and its first error counts`() {
        var conversation = Conversation(channel: channel)
        conversation.asks(replies: 4)
        conversation.asks(replies: 3)
        let queued = EngineReply.bytes(bytes("QUEUED"))
        for reply in [.done, queued, queued] { #expect(conversation.received(reply) == nil) }
        #expect(conversation.received(.list([.done, .number(1)])) == .reply(.list([.done, .number(1)])))
        #expect(conversation.received(.done) == nil)
        #expect(conversation.received(.failure(.outOfMemory)) == nil)
        #expect(conversation.received(.failure(.other("EXECABORT"))) == .reply(.failure(.outOfMemory)))
    }

    @Test func `a subscription brings the channel's messages alone`() {
        var conversation = Conversation(channel: channel)
        conversation.greets([.subscription])
        let name = bytes(channel.name)
        #expect(conversation.received(.list([.bytes(bytes("subscribe")), .bytes(name), .number(1)])) == .ready)
        #expect(
            conversation.received(.list([.bytes(bytes("message")), .bytes(name), .bytes([7])])) == .message([7]))
        #expect(
            conversation.received(.list([.bytes(bytes("message")), .bytes(bytes("other")), .bytes([7])])) == nil)
        #expect(conversation.received(.list([.bytes(bytes("pong")), .bytes([])])) == .alive)
        #expect(conversation.received(.number(1)) == .failed(.nonsense))
    }

    @Test func `Sentinel says where the master is, or that it does not know`() {
        func answer(_ reply: EngineReply) -> Conversation.Event? {
            var conversation = Conversation(channel: channel)
            conversation.greets([.master])
            return conversation.received(reply)
        }
        let node = EngineAddress.Node(host: "::1", port: 6_380)
        #expect(answer(.list([.bytes(bytes("::1")), .bytes(bytes("6380"))])) == .master(node))
        #expect(answer(.nothing) == .master(nil))
        #expect(answer(.list([.number(1), .number(2)])) == .failed(.nonsense))
    }
}
