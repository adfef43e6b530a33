import Daemon
import TestSupport
import Testing

/// What reaches upstream of a request that is passed through, and what comes back of its head.
@Suite(.timeLimit(.minutes(300))) struct PassedRequestTests {
    private static let echo: ScriptedOrigin.Handler = { .json(#"{"got":"\#($0.target)"}"#) }

    @Test(arguments: [
        ("", "/api/v1/chat/completions", "/api/v1/chat/completions"),
        ("", "/v1/chat/completions?a=b", "/api/v1/chat/completions?a=b"),
        ("", "/chat/completions", "/api/v1/chat/completions"), ("", "/api/alpha/responses", "/api/alpha/responses"),
        ("", "/api/v10/x", "/api/v10/x"), ("", "/v10/x", "/api/v1/v10/x"), ("", "/", "/api/v1"),
        ("", "/credits/", "/api/v1/credits/"), ("", "/a//b/.../c", "/api/v1/a//b/.../c"),
        ("", "/x?q=%2f%2F+%20&&=;'?", "/api/v1/x?q=%2f%2F+%20&&=;'?"), ("", "/x?", "/api/v1/x?"),
        ("", "/%7Euser/a%2Fb", "/api/v1/%7Euser/a%2Fb"), ("", "/x?q=[1]{2}|3^`<>", "/api/v1/x?q=[1]{2}|3^`<>"),
        ("", "http://localhost/api/v1/key", "/api/v1/key"), ("", "http://localhost", "/api/v1"),
        ("/x", "/api/v1/key", "/x/api/v1/key"), ("/x", "/v1/key", "/x/api/v1/key"), ("/x", "/key", "/x/api/v1/key"),
        ("/x", "/api/alpha/responses", "/x/api/alpha/responses"), ("/x", "/x/key", "/x/api/v1/x/key"),
    ])
    func `a path leads where it should, the query as it came`(prefix: String, target: String, upstream: String) throws {
        let origin = try ScriptedOrigin(Self.echo)
        try LiveLarder.serving(upstream: origin.url + prefix + "/api/v1") { larder throws in
            #expect(try larder.get(target).status == 200)
            #expect(origin.targets == [upstream])
        }
    }

    @Test func `methods go as they are, with their bodies`() throws {
        let origin = try ScriptedOrigin(Self.echo)
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            let methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"]
            for method in methods {
                let body = method == "HEAD" ? [] : Array("body of \(method)".utf8)
                #expect(try client.request(method, "/keys/1", ["Content-Type": "a/b"], body: body).status == 200)
            }
            #expect(origin.requests.map(\.method) == methods)
            for request in origin.requests where request.method != "HEAD" {
                #expect(String(decoding: request.body, as: UTF8.self) == "body of \(request.method)")
                #expect(request.fields["Content-Length"] == "\(request.body.count)")
                #expect(request.fields["Content-Type"] == "a/b")
            }
            try client.send(
                "POST /keys HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
            )
            #expect(try client.readResponse().status == 200)
            let last = try #require(origin.requests.last)
            #expect(String(decoding: last.body, as: UTF8.self) == "abcde")
            #expect(last.fields["Transfer-Encoding"] == "chunked" && last.fields["Content-Length"] == nil)
            #expect(try client.request("POST", "/keys", ["Content-Length": "0"]).status == 200)
            #expect(origin.requests.last?.fields["Content-Length"] == "0")
        }
    }

    @Test func `a list that is cached is passed through when it is not asked for with GET`() throws {
        let origin = try ScriptedOrigin(Self.echo)
        try LiveLarder.serving(before: origin) { larder throws in
            for path in ["/providers", "/embeddings/models", "/models/a/b/endpoints"] {
                let client = try larder.connect()
                #expect(try client.request("POST", path, body: [1]).text == #"{"got":"/api/v1\#(path)"}"#)
            }
            #expect(origin.requests.map(\.method) == ["POST", "POST", "POST"])
        }
    }

    @Test func `fields go as they are, but for those of the connection`() throws {
        let origin = try ScriptedOrigin { _ in
            let fields: MessageFields = [
                "Set-Cookie": "a=1; Path=/", "X-Upstream": "Mixed Case,  two spaces", "Set-Cookie": "b=2",
                "Via": "1.1 edge",
                "Connection": "X-Hop, x-other", "X-Hop": "1", "X-OTHER": "2", "Keep-Alive": "timeout=5",
                "Upgrade": "h2c",
                "Content-Encoding": "gzip", "Proxy-Authenticate": "Basic", "Date": "Sat, 01 Jan 2000 00:00:00 GMT",
                "Server": "upstream", "ETag": "W/\"x\"", "Age": "7", "X-Empty": "",
            ]
            return .response(status: 299, fields: fields, body: .bytes([31, 139, 1, 2]))
        }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get(
                "/key",
                [
                    "Host": "localhost:1", "Authorization": "Bearer sk-key", "X-Title": "Mixed  Case", "Cookie": "c=1",
                    "X-Twice": "1", "x-twice": "2", "Via": "1.0 before", "Accept-Encoding": "br;q=0.5, zstd",
                    "User-Agent": "agent/1", "Connection": "x-drop, keep-alive", "X-Drop": "1", "Keep-Alive": "1",
                    "TE": "trailers", "Proxy-Authorization": "Basic x", "Proxy-Connection": "keep-alive",
                    "Accept": "a/b",
                    "X-Empty": "", "Referer": "http://localhost/", "Range": "bytes=0-1", "If-None-Match": "\"x\"",
                ])
            let sent = try #require(origin.requests.first).fields
            #expect(sent["Host"] == "127.0.0.1:\(origin.port)" && sent.values("Host").count == 1)
            for name in [
                "Connection", "X-Drop", "Keep-Alive", "TE", "Proxy-Authorization", "Proxy-Connection", "Expect",
            ] {
                #expect(sent[name] == nil, "\(name)")
            }
            #expect(sent["Authorization"] == "Bearer sk-key" && sent["X-Title"] == "Mixed  Case")
            #expect(sent.values("X-Twice") == ["1", "2"] && sent.values("Via").count == 2)
            #expect(sent.values("Via")[0] == "1.0 before" && sent.values("Via")[1].hasPrefix("1.1 larder-"))
            #expect(sent["Accept-Encoding"] == "br;q=0.5, zstd" && sent["User-Agent"] == "agent/1")
            #expect(sent["Cookie"] == nil && sent["Accept"] == "a/b" && sent["X-Empty"] == "")
            #expect(sent["Range"] == "bytes=0-1" && sent["If-None-Match"] == "\"x\"" && sent["Referer"] != nil)
            let names = sent.all.map { $0.name }
            #expect(names.contains("x-twice") && names.contains("X-Twice"))

            #expect(answer.status == 299 && answer.body == [31, 139, 1, 2])
            #expect(answer.fields.values("Set-Cookie").isEmpty)
            #expect(
                answer.fields["X-Upstream"] == "Mixed Case,  two spaces" && answer.fields["Content-Encoding"] == "gzip")
            #expect(answer.fields.values("Via") == ["1.1 edge", "1.1 larder"] && answer.fields["X-Empty"] == "")
            #expect(answer.fields.values("Date") == ["Sat, 01 Jan 2000 00:00:00 GMT"])
            #expect(
                answer.fields["Server"] == "upstream" && answer.fields["ETag"] == "W/\"x\""
                    && answer.fields["Age"] == "7")
            #expect(answer.fields["Connection"] == "keep-alive" && answer.fields["Keep-Alive"] == "timeout=75")
            for name in ["X-Hop", "X-Other", "Upgrade", "Proxy-Authenticate"] {
                #expect(answer.fields[name] == nil, "\(name)")
            }
        }
    }

    @Test func `nothing is added that curl would add`() throws {
        let origin = try ScriptedOrigin(Self.echo)
        try LiveLarder.serving(before: origin) { larder throws in
            let client = try larder.connect()
            #expect(try client.get("/key").status == 200)
            #expect(try client.request("POST", "/key", body: [65]).status == 200)
            #expect(
                origin.requests.map { $0.fields.all.map(\.name).sorted() } == [
                    ["Host", "Via", "X-Request-Id"], ["Content-Length", "Host", "Via", "X-Request-Id"],
                ])
        }
    }

    @Test func `a redirection is the client's to follow`() throws {
        let origin = try ScriptedOrigin { request in
            let position = String(request.path.dropFirst("/x/api/v1/to/".count))
            let base = "http://\(request.fields["Host"] ?? "")"
            let to = [
                "a": base + "/x/api/v1/key?b=c", "b": "/x/api/v1/key", "c": "/elsewhere", "d": "https://else.example/",
                "e": "key", "f": base + "/x/api/alpha/y", "g": base + "/x/api/v1", "h": base + ".evil.example/x/api/v1",
            ]
            return .status(307, ["Location": to[position] ?? ""])
        }
        try LiveLarder.serving(upstream: origin.url + "/x/api/v1") { larder throws in
            for (position, location) in [
                ("a", "/api/v1/key?b=c"), ("b", "/api/v1/key"), ("c", origin.url + "/elsewhere"),
                ("d", "https://else.example/"), ("e", "key"), ("f", "/api/alpha/y"), ("g", "/api/v1"),
                ("h", origin.url + ".evil.example/x/api/v1"),
            ] {
                let answer = try larder.get("/to/\(position)", key: "sk-key")
                #expect(answer.status == 307)
                #expect(answer.fields.values("Location") == [location])
            }
            #expect(origin.requests.count == 8)
        }
    }
}
