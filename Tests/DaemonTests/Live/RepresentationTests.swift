import Daemon
import Foundation
import TestSupport
import Testing

/// Entity tags, conditional requests and content coding.
@Suite(.timeLimit(.minutes(300))) struct RepresentationTests {
    private static let codings = ["gzip", "br"]

    @Test(arguments: [
        "/models", "/models/count", "/models?q=anvil", "/models?category=x", "/model/acme/anvil",
        "/models/acme/anvil:nitro",
    ])
    func `who has the representation already is told so in a few bytes`(target: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let whole = try larder.get(target)
            let tag = try #require(whole.fields["ETag"])
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\""))
            for field in [tag, "W/\(tag)", "\"other\", \(tag)", "\"other\" , W/\(tag),\"more\"", "*"] {
                for method in ["GET", "HEAD"] {
                    let answer = try larder.request(method, target, ["If-None-Match": field])
                    #expect(answer.status == 304, "\(field)")
                    #expect(answer.body.isEmpty)
                    for name in ["ETag", "Cache-Control", "Vary"] {
                        #expect(answer.fields[name] == whole.fields[name], "\(name)")
                    }
                    #expect(answer.fields["Date"] != nil && answer.fields["Age"] != nil && answer.isHit)
                    #expect(answer.fields["Content-Type"] == nil && answer.fields["Content-Length"] == nil)
                }
            }
            for field in ["\"other\"", tag.replacingOccurrences(of: "\"", with: ""), ""] {
                #expect(try larder.get(target, ["If-None-Match": field]).status == 200, "\(field)")
            }
        }
    }

    @Test(arguments: ["/models", "/models?q=anvil"])
    func `tags in several lines are one list`(target: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let tag = try #require(try larder.get("/models?q=anvil").fields["ETag"])
            let whole = try #require(try larder.get("/models").fields["ETag"])
            for lines in [[tag, whole, "\"other\""], ["\"other\"", whole, tag], ["\"a\"", "\"b\"", "\"c\""]] {
                let client = try larder.connect()
                let fields = lines.map { "If-None-Match: \($0)\r\n" }.joined()
                // Once as a hit, once as a fetch.
                for more in ["", "Cache-Control: no-cache\r\n"] {
                    try client.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\n\(fields)\(more)\r\n")
                    let status = try client.readHead().status
                    #expect(status == (lines.contains(tag) ? 304 : 200))
                    if status == 200 { break }
                }
            }
        }
    }

    @Test func `also the request that fetches can be answered in a few bytes, when nothing new came`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let tag = try #require(try larder.get("/models").fields["ETag"])
            let answer = try larder.get("/models", ["If-None-Match": tag, "Cache-Control": "no-cache"])
            #expect(answer.status == 304)
            #expect(answer.cacheStatus == "larder; fwd=request; fwd-status=200; stored")
        }
        #expect(origin.requests.count == 2)
    }

    @Test func `a new catalogue has new tags, and different queries have different ones`() throws {
        let origin = try ScriptedOrigin { Replies.list(["fetch/number-\($0.number)", "b/c"]) }
        try LiveLarder.serving(before: origin) { larder throws in
            var tags = Set<String>()
            for target in ["/models", "/models?q=fetch", "/models?limit=1", "/model/b/c", "/models/b/c"] {
                tags.insert(try #require(try larder.get(target).fields["ETag"]))
            }
            #expect(tags.count == 5)
            let fresh = try larder.get("/models", ["Cache-Control": "no-cache"])
            #expect(!tags.contains(fresh.fields["ETag"] ?? ""))
        }
    }

    @Test(arguments: codings) func `the usual list is compressed from the first request on`(coding: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            for target in ["/models", "/models?output_modalities=text"] {
                let packed = try larder.get(target, ["Accept-Encoding": coding])
                let plain = try larder.get(target)
                #expect(packed.fields["Content-Encoding"] == coding)
                #expect(plain.fields["Content-Encoding"] == nil)
                #expect(packed.fields["ETag"] != plain.fields["ETag"])
                #expect(packed.body.count < plain.body.count)
                let isSame = try unpacked(packed.body, coding) == plain.body
                #expect(isSame)
            }
        }
    }

    @Test(arguments: codings) func `a filtered list is compressed for a later request`(coding: String) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            let codes: MessageFields = ["Accept-Encoding": coding]
            let target = "/models?q=e&sort=newest"
            let plain = try larder.get(target)
            let first = try larder.get(target, codes)
            #expect(first.fields["Content-Encoding"] == nil && first.body == plain.body)
            var packed = first
            try eventually("it is compressed") {
                packed = try larder.get(target, codes)
                return packed.fields["Content-Encoding"] == coding
            }
            let isSame = try unpacked(packed.body, coding) == plain.body
            #expect(isSame)
            #expect(packed.fields["ETag"] != plain.fields["ETag"])
            #expect(packed.fields["Content-Length"] == "\(packed.body.count)")
            #expect(try larder.get(target).body == plain.body)
            let tag = try #require(packed.fields["ETag"])
            #expect(try larder.get(target, ["Accept-Encoding": coding, "If-None-Match": tag]).status == 304)
            // The tag of the one is not the tag of the other.
            #expect(try larder.get(target, ["If-None-Match": tag]).status == 200)
        }
    }

    @Test(
        arguments: [
            ("gzip", "gzip"), ("gzip, deflate, br", "br"), ("GZIP", "gzip"), ("x-gzip", "gzip"), ("*", "gzip"),
            ("br;q=0.4, gzip;q=0.5, identity;q=0.1", "gzip"), ("gzip;q=0", nil), ("identity", nil), ("br", "br"),
            ("", nil), ("gzip;q=0.1, identity", nil), ("*;q=0", nil), ("gzip;q=x", nil),
        ] as [(String, String?)])
    func `Accept-Encoding is read as it is meant`(field: String, coding: String?) throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        try LiveLarder.serving(before: origin) { larder throws in
            for _ in 0..<2 {
                let answer = try larder.get("/models", ["Accept-Encoding": field])
                #expect(answer.fields["Content-Encoding"] == coding)
                #expect(answer.fields["Vary"] == "Accept-Encoding")
            }
        }
    }
}
