import EventLoop
import Testing
import Upstream

@Suite(.timeLimit(.minutes(1))) struct ProxyTests {
    @Test func `a proxy is asked for the whole URL`() throws {
        let proxy = try Origin(answering: ok("by proxy"))
        defer { proxy.stop() }
        let outcome = try fetch("http://models.invalid/list?a=b", settings: settings { $0.proxy = proxy.url })
        #expect(outcome.text == "by proxy")
        #expect(proxy.requests[0].hasPrefix("GET http://models.invalid/list?a=b HTTP/1.1\r\n"))
    }

    @Test func `a proxy that tunnels does not see the key, and its denial is no response`() throws {
        let proxy = try Origin(answering: "HTTP/1.1 403 Forbidden\r\nX-Proxy: 1\r\nContent-Length: 0\r\n\r\n")
        defer { proxy.stop() }
        let outcome = try fetch(
            "https://models.invalid/list", fields: [("Authorization", "Bearer k")],
            settings: settings { $0.proxy = proxy.url })
        #expect(outcome.failure?.name == "unreachable")
        #expect(outcome.failure?.message.contains("403") == true)
        #expect(proxy.requests.count == 1)
        #expect(proxy.requests[0].hasPrefix("CONNECT models.invalid:443 HTTP/1.1\r\n"))
        #expect(!proxy.requests[0].contains("Bearer"))
    }

    @Test func `a proxy that is not there is a failure to reach`() throws {
        let socket = try ListeningSocket(.ipv4(0x7F00_0001, port: 0))
        let url = "http://\(socket.address)"
        socket.close()
        let failure = try fetch("http://models.invalid/", settings: settings { $0.proxy = url }).failure
        #expect(failure?.name == "unreachable")
        #expect(
            try fetch("http://models.invalid/", settings: settings { $0.proxy = "http://proxy.invalid" }).name
                == "name-not-resolved")
    }
}
