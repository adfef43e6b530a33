import Bytes
import Compression
import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// Bodies in content codings, whole and not, as fetches meet them.
@Suite(.timeLimit(.minutes(300))) struct CodedBodyTests {
    /// What one program or another makes of the bytes, for each coding that is asked for.
    private static func coded(_ bytes: [UInt8], _ coding: String) throws -> [UInt8] {
        switch coding {
        case "br":
            let stream = Brotli.compress(bytes.span)
            let packed = try #require(stream)
            return packed.span.copied()
        case "deflate": return Array(try coded(bytes, "gzip").dropFirst(10).dropLast(8))
        default:
            let stream = Gzip.compress(bytes.span)
            let packed = try #require(stream)
            return packed.span.copied()
        }
    }

    private static func reply(_ body: OriginBody, _ coding: String, type: String = "application/json") -> OriginReply {
        var fields = Replies.shared
        fields["Content-Type"] = type
        fields["Content-Encoding"] = coding
        return .response(status: 200, fields: fields, body: body)
    }

    @Test(arguments: [
        "gzip", "x-gzip", "GZIP", "deflate", "br", "identity", "identity, gzip", "gzip, br", "br, gzip, deflate",
    ])
    func `a coded list is read, in whatever codings it is`(codings: String) throws {
        var body = SampleCatalogue.json
        for name in codings.split(separator: ",") {
            let name = name.trimmingCharacters(in: .whitespaces).lowercased()
            if name != "identity" { body = try Self.coded(body, name) }
        }
        let sent = body
        let origin = try ScriptedOrigin { _ in Self.reply(.bytes(sent), codings) }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/models")
            #expect(answer.status == 200 && answer.text.contains("acme/anvil"))
            #expect(answer.fields["Content-Encoding"] == nil)
            #expect(origin.requests[0].fields["Accept-Encoding"] == "gzip, deflate, br")
        }
    }

    @Test(arguments: ["zstd", "compress", "gzip, dcb", "x\u{1}y", "gzip, gzip, gzip, gzip, gzip"])
    func `codings that were not asked for are unusable, and named`(codings: String) throws {
        let origin = try ScriptedOrigin { _ in Self.reply(.bytes(SampleCatalogue.json), codings) }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/models")
            #expect(answer.status == 502 && answer.cacheStatus.hasSuffix("detail=unusable"), "\(answer.cacheStatus)")
            let last = codings.split(separator: " ").last.map(String.init) ?? ""
            let named = codings.contains("gzip, gzip") ? "too many" : last.replacing("\u{1}", with: "?")
            #expect(answer.text.contains(named), "\(answer.text)")
        }
    }

    /// The ways in which a body's end can be told.
    private static let framings = ["length", "chunks", "close"]

    private static func body(_ bytes: [UInt8], _ framing: String) -> OriginBody {
        switch framing {
        case "length": .bytes(bytes)
        case "chunks": .chunked(bytes.isEmpty ? [] : [bytes])
        default: .untilClose(bytes)
        }
    }

    @Test(arguments: ["gzip", "deflate", "br"], framings)
    func `a feed that is cut within its coding is never taken for the whole`(coding: String, framing: String) throws {
        let feed = Array((0..<400).map { "<item>model \($0) of \($0 * 7919 % 1000)</item>" }.joined().utf8)
        let whole = try Self.coded(feed, coding)
        let end = Monitor(0)
        let origin = try ScriptedOrigin { request in
            guard request.query.contains("use_rss") else { return Replies.catalogue() }
            let sent = Array(whole.prefix(end.current))
            return Self.reply(Self.body(sent, framing), coding, type: "application/rss+xml")
        }
        try LiveLarder.serving(before: origin) { larder throws in
            // Within gzip's header, right behind it, in the middle, within its trailer.
            for count in [0, 1, 5, 10, whole.count / 2, whole.count - 8, whole.count - 4, whole.count - 1] {
                end.withValue { $0 = count }
                let answer = try larder.get("/models?use_rss=true&cut=\(count)")
                #expect(answer.status == 502, "\(count) of \(whole.count): \(answer.status)")
                #expect(answer.cacheStatus.hasSuffix("detail=unusable"), "\(answer.cacheStatus)")
                #expect(answer.text.contains("ends before the end of its"), "\(answer.text)")
            }
            end.withValue { $0 = whole.count }
            let answer = try larder.get("/models?use_rss=true&cut=no")
            #expect(answer.status == 200 && answer.body == feed)
        }
    }

    @Test(arguments: ["gzip", "deflate", "br"])
    func `what follows the end of a coding makes a body unusable`(coding: String) throws {
        let sent = try Self.coded(SampleCatalogue.json, coding) + Array("junk".utf8)
        let origin = try ScriptedOrigin { _ in Self.reply(.bytes(sent), coding) }
        try LiveLarder.serving(before: origin) { larder throws in
            let answer = try larder.get("/models")
            #expect(answer.status == 502 && answer.cacheStatus.hasSuffix("detail=unusable"))
            #expect(answer.text.contains("continues after the end of its"))
        }
    }

    @Test func `a gzip body of several members is read`() throws {
        let half = SampleCatalogue.json.count / 2
        let sent =
            try Self.coded(Array(SampleCatalogue.json.prefix(half)), "gzip")
            + Self.coded(Array(SampleCatalogue.json.dropFirst(half)), "gzip")
        let origin = try ScriptedOrigin { _ in Self.reply(.bytes(sent), "gzip") }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models").text.contains("acme/anvil"))
        }
    }

    @Test(arguments: ["gzip", "br", "deflate", "gzip, br"])
    func `a bomb is unusable, and holds up nobody`(codings: String) throws {
        // JSON that is white space for the most part, of more than any body may have.
        var body = [UInt8](repeating: 0x20, count: 40 << 20) + Array(#"{"data":[]}"#.utf8)
        for name in codings.split(separator: ",") {
            body = try Self.coded(body, name.trimmingCharacters(in: .whitespaces))
        }
        let sent = body
        let origin = try ScriptedOrigin { request in
            request.path.hasSuffix("/providers") ? Self.reply(.bytes(sent), codings) : Replies.catalogue()
        }
        try LiveLarder.serving(before: origin) { larder throws in
            #expect(try larder.get("/models/count").status == 200)
            let bomb = try larder.begin("/providers")
            try origin.waitForRequests(2)
            // The one loop goes on answering while the bomb is decoded.
            let client = try larder.connect()
            for _ in 0..<100 { #expect(try client.get("/models/count").isHit) }
            client.close()
            let answer = try bomb.readResponse()
            bomb.close()
            #expect(answer.status == 502 && answer.cacheStatus.hasSuffix("detail=unusable"), "\(answer.cacheStatus)")
            #expect(answer.text.contains("larger than \(32 << 20) bytes when decoded"), "\(answer.text)")
        }
    }

    @Test func `a coded refusal is passed on decoded, and a 5xx is itself whatever its body`() throws {
        let refusal = Array(#"{"error":{"code":404,"message":"No such model"}}"#.utf8)
        let sent = try Self.coded(refusal, "br")
        let origin = try ScriptedOrigin { request in
            let isRefusal = request.path.contains("/model/")
            return .response(
                status: isRefusal ? 404 : 503, fields: ["Content-Encoding": "br", "Content-Type": "application/json"],
                body: .bytes(isRefusal ? sent : refusal))
        }
        try LiveLarder.serving(before: origin, { $0.upstream.warmUp = false }) { larder throws in
            let failed = try larder.get("/providers")
            #expect(failed.status == 502 && failed.text.contains("upstream answered 503"))
        }
        let second = try ScriptedOrigin { request in
            request.path.contains("/model/")
                ? .response(
                    status: 404, fields: ["Content-Encoding": "br", "Content-Type": "application/json"],
                    body: .bytes(sent))
                : Replies.catalogue()
        }
        try LiveLarder.serving(before: second) { larder throws in
            let answer = try larder.get("/model/no/such")
            #expect(answer.status == 404 && answer.body == refusal)
        }
    }
}
