import Fleet
import Testing

@testable import Engine

@Suite struct ReplyReaderTests {
    private func read(_ text: [UInt8], pieces: [Int] = [], longest: Int = 1_000) -> (
        replies: [EngineReply], ReplyProblem?
    ) {
        let reader = ReplyReader(longest: longest)
        var replies: [EngineReply] = []
        var rest = text[...]
        do throws(ReplyProblem) {
            for piece in pieces + [text.count] {
                let part = Array(rest.prefix(piece))
                rest = rest.dropFirst(piece)
                reader.feed(part.span)
                while let reply = try reader.next() { replies.append(reply) }
            }
        } catch {
            return (replies, error)
        }
        return (replies, nil)
    }

    private static let stream =
        "+OK\r\n+PONG\r\n:42\r\n:-1\r\n$5\r\na\r\nbc\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n*3\r\n$1\r\nx\r\n:7\r\n*1\r\n+OK\r\n"
        + "-MOVED 1 127.0.0.1:7\r\n-OOM command not allowed\r\n"
    private static let replies: [EngineReply] = [
        .done, .bytes(bytes("PONG")), .number(42), .number(-1), .bytes(bytes("a\r\nbc")), .bytes([]), .nothing,
        .nothing,
        .list([]), .list([.bytes(bytes("x")), .number(7), .list([.done])]), .failure(.moved(to: "127.0.0.1:7")),
        .failure(.outOfMemory),
    ]

    @Test func `every type is read, wherever the bytes are cut`() {
        let text = bytes(Self.stream)
        for cut in 0...text.count {
            let (replies, problem) = read(text, pieces: [cut])
            #expect(replies == Self.replies && problem == nil, "cut at \(cut)")
        }
        #expect(read(text, pieces: Array(repeating: 1, count: text.count)).replies == Self.replies)
    }

    @Test(
        arguments: [
            "HTTP/1.1 400 Bad Request\r\n", "\0\0\0\0", "$x\r\n", "$-2\r\n", "*65\r\n", "*2147483647\r\n",
            "*9223372036854775807\r\n", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        ])
    func `what is not the protocol, or too large to be an answer, is refused`(text: String) {
        let (replies, problem) = read(bytes(text))
        #expect(replies == [])
        #expect(problem == .malformed)
    }

    @Test func `a reply above the limit is refused before all of it has come`() {
        #expect(read(bytes("$1000000\r\n" + String(repeating: "x", count: 1_100))).1 == .tooLarge)
        #expect(read(bytes("$1100\r\n" + String(repeating: "x", count: 1_100) + "\r\n")).1 == .tooLarge)
        // Many small replies are not one large one.
        let many = read(bytes(String(repeating: "$5\r\nabcde\r\n", count: 1_000)))
        #expect(many.replies.count == 1_000 && many.1 == nil)
    }

    @Test func `nothing is read after a problem`() {
        let reader = ReplyReader(longest: 100)
        reader.feed(bytes("?\r\n").span)
        #expect(throws: ReplyProblem.malformed) { try reader.next() }
        reader.feed(bytes("+OK\r\n").span)
        #expect(throws: ReplyProblem.malformed) { try reader.next() }
    }
}
