import Daemon
import Foundation
import Serving
import Settings
import TestSupport
import Testing

/// Who may ask for Larder's own pages, and how.
@Suite(.timeLimit(.minutes(300))) struct AdminPageTests {
    private static func serving(_ body: (LiveLarder) throws -> Void) throws {
        try LiveLarder.serving(before: try ScriptedOrigin(Replies.wellBehaved), { _ in }, body)
    }

    @Test func `pages of another origin are refused, and none may read an answer`() throws {
        try Self.serving { larder throws in
            let host = "127.0.0.1:\(larder.port)"
            for page in AdminPage.allCases.map(\.rawValue) {
                for fields in [
                    ["Sec-Fetch-Site": "cross-site"], ["Origin": "https://evil.example"], ["Origin": "null"],
                    ["Origin": "http://\(host).evil.example"], ["Origin": "http://127.0.0.1:1"], ["Origin": host],
                ] as [MessageFields] {
                    for method in ["GET", "HEAD", "POST", "OPTIONS"] {
                        let answer = try larder.request(method, page, fields)
                        #expect(answer.status == 403, "\(method) \(page) \(fields)")
                        #expect(answer.fields["Access-Control-Allow-Origin"] == nil)
                        #expect(answer.fields["Cache-Control"] == "no-store")
                    }
                }
                let foreign = try larder.get(page, ["Host": "evil.example"])
                #expect(foreign.status == 421)
                #expect(foreign.fields["Access-Control-Allow-Origin"] == nil, "\(page)")
            }
            for fields in [
                [:], ["Host": host, "Origin": "http://\(host)", "Sec-Fetch-Site": "same-origin"],
                ["Sec-Fetch-Site": "none"],
            ] as [MessageFields] {
                let answer = try larder.get("/_larder/status", fields)
                #expect(answer.status == 200 && answer.fields["Cache-Control"] == "no-store")
                #expect(answer.fields["Access-Control-Allow-Origin"] == nil)
            }
        }
    }

    @Test func `methods and types are what they should be`() throws {
        try Self.serving { larder throws in
            let metrics = try larder.get("/metrics")
            #expect(metrics.fields["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8")
            let head = try larder.request("HEAD", "/metrics")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(try larder.request("POST", "/metrics").fields["Allow"] == "GET, HEAD")
            #expect(try larder.request("DELETE", "/_larder/status").status == 405)
            let get = try larder.get("/_larder/purge?all=1")
            #expect(get.status == 405 && get.fields["Allow"] == "POST")
            for path in ["/_larder//", "/_larder/x", "/_larder/statusx", "/_larder/status/", "/_larder/purge/x"] {
                #expect(try larder.get(path).status == 404)
            }
        }
    }

    @Test func `requests go on behind a page on the same connection`() throws {
        try Self.serving { larder throws in
            let client = try larder.connect()
            defer { client.close() }
            var text = ""
            for target in ["/metrics", "/_larder/status", "/healthz", "/metrics"] {
                text += "GET \(target) HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            }
            try client.send(text)
            #expect(try client.readResponse().text.hasPrefix("# HELP"))
            #expect(try client.readResponse().text.hasPrefix("{\"verdict\""))
            #expect(try client.readResponse().text == #"{"status":"ok"}"#)
            #expect(try client.readResponse().text.hasPrefix("# HELP"))
        }
    }

    @Test(arguments: [1, 3])
    func `what is purged is gone on every loop, and nothing else`(workers: Int) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let change = { (settings: inout Settings) in
            LiveLarder.lasting(&settings)
            settings.workers = workers
        }
        try LiveLarder.serving(before: origin, change) { larder throws in
            func fill() throws {
                for _ in 0..<(workers * 4) {
                    _ = try larder.get("/models")
                    _ = try larder.get("/models/user", key: "anna")
                    _ = try larder.get("/models/user", key: "bert")
                }
            }
            func purge(_ query: String) throws -> Int? {
                let answer = try larder.request("POST", "/_larder/purge?\(query)")
                #expect(answer.status == 200)
                return try Reports.object(answer)["purged"] as? Int
            }
            try fill()
            #expect(origin.requests.count == 3)
            #expect(try purge("catalog=1") == 1)
            try fill()
            #expect(origin.count(of: "/api/v1/models") == 2 && origin.count(of: "/api/v1/models/user") == 2)

            let entries = try #require(try Reports.status(larder)["entries"] as? [[String: Any]])
            let key = try #require(entries.compactMap { $0["key"] as? String }.first)
            #expect(try purge("key=\(key)") == 1)
            #expect(try purge("key=\(key)") == 0)
            try fill()
            #expect(origin.count(of: "/api/v1/models") == 2 && origin.count(of: "/api/v1/models/user") == 3)

            #expect(try purge("all=1") == 3)
            #expect((try Reports.status(larder)["entries"] as? [Any])?.isEmpty == true)
            try fill()
            #expect(origin.requests.count == 8)
        }
    }

    @Test(arguments: [
        "", "?", "?all=0", "?catalog", "?key=", "?key=12", "?key=-0000000", "?key=sk-or-v1", "?all=1&catalog=1",
    ])
    func `a purge of nothing that can be named is refused`(query: String) throws {
        try Self.serving { larder throws in
            let answer = try larder.request("POST", "/_larder/purge" + query)
            let word = query.hasPrefix("?key=") ? "key must be a fingerprint of 8 hex digits" : "?all=1"
            #expect(answer.status == 400 && answer.text.contains(word) && !answer.text.contains("sk-or-v1"))
        }
    }
}
