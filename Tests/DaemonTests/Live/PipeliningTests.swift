import Daemon
import Settings
import TestSupport
import Testing

/// Requests that were sent ahead, of which some need no waiting once their turn comes.
@Suite(.timeLimit(.minutes(300))) struct PipeliningTests {
    /// One request that waits for upstream, then others that the same loop refuses at once: nothing is stored, and they
    /// forbid asking. Each is answered before the next is begun, from within the reading of what was sent ahead.
    @Test(arguments: [1, 2]) func `requests sent ahead that are refused at once are answered once each, in order`(
        workers: Int
    ) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin, { $0.workers = workers }) { larder in
            let client = try larder.connect()
            let refused = (0..<20).map {
                "GET /providers?number=\($0) HTTP/1.1\r\nHost: localhost\r\nCache-Control: only-if-cached\r\n\r\n"
            }
            let last = "GET /models/count HTTP/1.1\r\nHost: localhost\r\n\r\n"
            try client.send(last + refused.joined() + last)
            #expect(try client.readResponse().status == 200)
            for _ in refused { #expect(try client.readResponse().status == 504) }
            let answer = try client.readResponse()
            #expect(answer.status == 200 && answer.isHit)
            #expect(try client.get("/models").status == 200)
            client.close()
        }
    }

    /// The same of a client that has said that it sends no more: all of its requests count.
    @Test func `a client that has closed its side has every request answered that it sent ahead`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder in
            let client = try larder.connect()
            let refused = "GET /providers HTTP/1.1\r\nHost: localhost\r\nCache-Control: only-if-cached\r\n\r\n"
            try client.send("GET /models/count HTTP/1.1\r\nHost: localhost\r\n\r\n" + refused + refused)
            client.finishSending()
            #expect(try client.readResponse().status == 200)
            #expect(try client.readResponse().status == 504)
            #expect(try client.readResponse().status == 504)
            #expect(try client.readToEnd().isEmpty)
            client.close()
        }
    }

    /// The answer before it does not fit into the socket, so the client was not read for a while.
    @Test func `a request sent ahead that is passed through has its body read, though the answer before was slow`()
        throws
    {
        let list = Replies.list((0..<80_000).map { "author/model-number-\($0)" })
        let origin = try ScriptedOrigin { request in
            request.path.hasSuffix("/files") ? .json(#"{"bytes":\#(request.body.count)}"#) : list
        }
        try LiveLarder.serving(before: origin, { $0.upstream.timeout = .hang }) { larder in
            #expect(try larder.get("/models/count").status == 200)
            let client = try larder.connect(receiveBuffer: 4096)
            let get = "GET /models HTTP/1.1\r\nHost: localhost\r\n\r\n"
            try client.send(get + "POST /files HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n")
            #expect(try client.readResponse().status == 200)
            try client.send("hello")
            #expect(try client.readResponse().text == #"{"bytes":5}"#)
            client.close()
        }
    }
}
