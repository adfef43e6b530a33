import EventLoop
import HTTPClient
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(300))) struct ProxyTests {
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
        let asked = Asked.make("GET", "https://models.invalid", fields: [("Authorization", "Bearer k")])
        let streamed = try exchange(asked, settings: settings { $0.proxy = proxy.url })
        #expect(streamed.calls == ["unreachable"] && streamed.failure?.message.contains("403") == true)
        #expect(proxy.requests.count == 2)
        #expect(proxy.requests[0].hasPrefix("CONNECT models.invalid:443 HTTP/1.1\r\n"))
        #expect(!proxy.requests.contains { $0.contains("Bearer") })
    }

    @Test func `through a tunnel only upstream's own head is the response's, and upstream's certificate counts`() throws
    {
        let upstream = try TLSOrigin(.page)
        defer { upstream.stop() }
        let port = try #require(upstream.url.split(separator: ":").last.flatMap { Int($0) })
        let proxy = try Origin { connection in
            if connection.request() == nil { return }
            connection.send("HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n")
            connection.relay(to: port)
        }
        defer { proxy.stop() }
        let untrusting = settings { $0.proxy = proxy.url }
        #expect(try fetch(upstream.url, settings: untrusting).failure?.name == "tls")
        let trusting = settings {
            $0.proxy = proxy.url
            $0.caFile = upstream.caFile
        }
        let response = try fetch(upstream.url, fields: [("Authorization", "Bearer k")], settings: trusting).get()
        #expect(response.status == 200)
        #expect(response.field("x-proxy") == nil)
        let asked = Asked.make("GET", upstream.url, fields: [("Authorization", "Bearer k")])
        #expect(try exchange(asked, settings: untrusting).calls == ["tls"])
        let streamed = try exchange(asked, settings: trusting)
        #expect(streamed.calls == ["200", "body", "ended"] && !streamed.fields.contains { $0.hasPrefix("X-Proxy") })
        #expect(!proxy.requests.contains { $0.contains("Bearer") })
    }

    @Test func `a proxy that is not there is a failure to reach`() throws {
        let (url, reservation) = try nobody()
        defer { reservation.close() }
        let failure = try fetch("http://models.invalid/", settings: settings { $0.proxy = url }).failure
        #expect(failure?.name == "unreachable")
        #expect(
            try fetch("http://models.invalid/", settings: settings { $0.proxy = "http://proxy.invalid" }).name
                == "name-not-resolved")
    }
}
