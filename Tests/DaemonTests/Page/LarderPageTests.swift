import Bytes
import Digest
import Foundation
import TestSupport
import Testing

/// The page `/_larder/` as it is sent. What it does in a browser is tried by scripts/test-page.
@Suite(.timeLimit(.minutes(300))) struct LarderPageTests {
    private static func serving(_ body: (LiveLarder) throws -> Void) throws {
        try LiveLarder.serving(before: try ScriptedOrigin(Replies.wellBehaved), { _ in }, body)
    }

    private static func stands(_ text: String, between start: String, and end: String) throws -> String {
        let from = try #require(text.range(of: start))
        let to = try #require(text.range(of: end, range: from.upperBound..<text.endIndex))
        return String(text[from.upperBound..<to.lowerBound])
    }

    @Test func `it is one document, and its policy names the style and the script that stand in it`() throws {
        try Self.serving { larder throws in
            let answer = try larder.get("/_larder/")
            #expect(answer.status == 200)
            #expect(answer.fields["Content-Type"] == "text/html; charset=utf-8")
            #expect(answer.fields["X-Content-Type-Options"] == "nosniff")
            #expect(answer.fields["Referrer-Policy"] == "no-referrer")
            #expect(answer.fields["Cross-Origin-Opener-Policy"] == "same-origin")
            #expect(answer.fields["Cross-Origin-Resource-Policy"] == "same-origin")
            #expect(answer.fields["Access-Control-Allow-Origin"] == nil)
            let text = answer.text
            #expect(text.hasPrefix("<!doctype html>") && text.hasSuffix("</html>\n"))
            #expect(
                text.components(separatedBy: "<script").count == 2 && text.components(separatedBy: "<style").count == 2)
            let policy = try #require(answer.fields["Content-Security-Policy"])
            for (name, start, end) in [
                ("style", "<style>", "</style>"), ("script", "<script type=\"module\">", "</script>"),
            ] {
                let part = try Self.stands(text, between: start, and: end)
                let digest = Data(SHA256.digest(of: Array(part.utf8).span).bytes).base64EncodedString()
                #expect(part.utf8.count > 1000 && policy.contains("\(name)-src 'sha256-\(digest)';"))
            }
            #expect(policy.hasPrefix("default-src 'none'; ") && policy.contains("frame-ancestors 'none'"))
            #expect(!policy.contains("unsafe"))
        }
    }

    @Test func `nothing in it names another origin`() throws {
        try Self.serving { larder throws in
            let text = try larder.get("/_larder/").text.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
            #expect(!text.contains("http://") && !text.contains("https://") && !text.contains("//cdn"))
            for word in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "DOMParser"] {
                #expect(!text.contains(word), "\(word)")
            }
        }
    }

    @Test func `it comes compressed, and not again to clients that have it`() throws {
        try Self.serving { larder throws in
            let plain = try larder.get("/_larder/")
            let gzip = try larder.get("/_larder/", ["Accept-Encoding": "gzip, br"])
            #expect(plain.fields["Content-Encoding"] == nil && gzip.fields["Content-Encoding"] == "gzip")
            #expect(plain.fields["Vary"] == "Accept-Encoding" && gzip.fields["Vary"] == "Accept-Encoding")
            #expect(gzip.body.count < plain.body.count / 3)
            #expect(try unpacked(gzip.body) == plain.body)

            let tag = try #require(plain.fields["ETag"])
            let gzipTag = try #require(gzip.fields["ETag"])
            #expect(tag != gzipTag && tag.hasPrefix("\"") && tag.hasSuffix("\""))
            let known = try larder.get("/_larder/", ["If-None-Match": tag])
            #expect(known.status == 304 && known.body.isEmpty && known.fields["ETag"] == tag)
            #expect(known.fields["Content-Security-Policy"] == plain.fields["Content-Security-Policy"])
            let other = try larder.get("/_larder/", ["If-None-Match": gzipTag])
            #expect(other.status == 200)
            let head = try larder.request("HEAD", "/_larder/")
            #expect(head.status == 200 && head.body.isEmpty)
            #expect(head.fields["Content-Length"] == "\(plain.body.count)")
        }
    }

    @Test func `without its last slash it is elsewhere, and it takes GET and HEAD only`() throws {
        try Self.serving { larder throws in
            let moved = try larder.get("/_larder")
            #expect(moved.status == 308 && moved.fields["Location"] == "_larder/" && moved.body.isEmpty)
            for path in ["/_larder", "/_larder/"] {
                for method in ["POST", "PUT", "DELETE", "OPTIONS"] {
                    let answer = try larder.request(method, path)
                    #expect(answer.status == 405 && answer.fields["Allow"] == "GET, HEAD", "\(method) \(path)")
                }
            }
        }
    }

    @Test func `a link from elsewhere leads to it, and nothing else from elsewhere does`() throws {
        try Self.serving { larder throws in
            let link: MessageFields = [
                "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document",
            ]
            #expect(try larder.get("/_larder/", link).status == 200)
            #expect(try larder.get("/_larder", link).status == 308)
            #expect(try larder.get("/_larder/status", link).status == 403)
            for fields in [
                ["Sec-Fetch-Site": "cross-site"],
                ["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "iframe"],
                ["Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "document"],
                ["Origin": "https://evil.example"],
            ] as [MessageFields] {
                #expect(try larder.get("/_larder/", fields).status == 403, "\(fields)")
            }
            #expect(try larder.request("POST", "/_larder/", link).status == 403)
            #expect(try larder.get("/_larder/", ["Host": "evil.example"]).status == 421)
        }
    }

    @Test func `requests go on behind it on the same connection`() throws {
        try Self.serving { larder throws in
            let client = try larder.connect()
            defer { client.close() }
            for path in ["/_larder/", "/_larder", "/healthz", "/_larder/"] {
                try client.sendRequest("GET", path)
                let answer = try client.readResponse()
                #expect(answer.status == (path == "/_larder" ? 308 : 200))
            }
        }
    }
}
