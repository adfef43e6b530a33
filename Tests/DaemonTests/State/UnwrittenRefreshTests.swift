import Daemon
import Foundation
import Settings
import TestSupport
import Testing

/// Refreshes that are not written: the record on the disk is not confirmed by them, and the database stays whole.
@Suite(.timeLimit(.minutes(300))) struct UnwrittenRefreshTests {
    private static func body(_ version: Int, size: Int = 0) -> [UInt8] {
        Array(#"{"data":["version-\#(version)"],"padding":"\#(String(repeating: "x", count: size))"}"#.utf8)
    }

    /// The same as a catalogue, which stays in memory however large it is.
    private static func list(_ version: Int, size: Int = 0) -> [UInt8] {
        let padding = String(repeating: "x", count: size)
        let row =
            #"{"id":"a/version-\#(version)","architecture":{"output_modalities":["text"]},"padding":"\#(padding)"}"#
        return Array(#"{"data":[\#(row)],"total_count":1,"links":{"next":null}}"#.utf8)
    }

    @Test(arguments: ["public, no-store", "public, no-cache", "public, must-revalidate, max-age=100"], [true, false])
    func `what upstream does not let be kept is not taken for a confirmation of what is kept`(
        directives: String, respectsUpstream: Bool
    ) throws {
        let (version, folder) = (Monitor(1), StateFolder())
        let upstream = try UpAndDown { request in
            let number = version.current
            let tag = "\"\(number)\""
            let fields: MessageFields = [
                "Cache-Control": number == 1 ? "public, max-age=100" : directives, "ETag": tag,
            ]
            return request.fields["If-None-Match"] == tag
                ? .status(304, fields) : Replies.body(Self.body(number), fields)
        }
        let change = { (settings: inout Settings) in
            folder.keep(&settings)
            settings.ttl.respectUpstream = respectsUpstream
        }
        let isWritten = !respectsUpstream && !directives.contains("no-store")
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            #expect(try larder.get("/providers").text.contains("version-1"))
            try eventually("it is written") { try folder.holds("version-1") }
            version.withValue { $0 = 2 }
            for _ in 0..<3 {
                #expect(try larder.get("/providers", ["Cache-Control": "no-cache"]).text.contains("version-2"))
            }
        }
        upstream.setDown(true)
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            let answer = try larder.get("/providers")
            #expect(isWritten ? answer.text.contains("version-2") : answer.status >= 502, "\(answer.text)")
        }
        #expect(folder.names.allSatisfy { !$0.contains("damaged") }, "\(folder.names)")
    }

    @Test func `what upstream only confirms is written again after the database was lost`() throws {
        let folder = StateFolder()
        let upstream = try UpAndDown { request in
            let fields: MessageFields = ["Cache-Control": "public, max-age=100", "ETag": "\"1\""]
            return request.fields["If-None-Match"] == "\"1\""
                ? .status(304, fields) : Replies.body(Self.body(1), fields)
        }
        try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
            #expect(try larder.get("/providers").text.contains("version-1"))
            try eventually("it is written") { try folder.holds("version-1") }
            for name in folder.names where name.hasPrefix("larder.db") {
                try FileManager.default.removeItem(atPath: folder.path + "/" + name)
            }
            try eventually("it is written again") {
                #expect(try larder.get("/providers", ["Cache-Control": "no-cache"]).text.contains("version-1"))
                return try folder.holds("version-1")
            }
        }
        upstream.setDown(true)
        try LiveLarder.serving(before: upstream.origin, { folder.keep(&$0) }) { larder throws in
            #expect(try larder.get("/providers").text.contains("version-1"))
        }
    }

    @Test func `what finds no room on its way to the disk is not confirmed there, and is brought again`() throws {
        let (version, folder) = (Monitor(1), StateFolder())
        let upstream = try UpAndDown { request in
            let number = version.current
            let fields: MessageFields = ["Cache-Control": "public, max-age=100", "ETag": "\"\(number)\""]
            if request.fields["If-None-Match"] == "\"\(number)\"" { return .status(304, fields) }
            // The largest body that is accepted: with the fields beside it, its record is larger than what may wait.
            let padding = (4 << 20) - Self.list(2).count
            return Replies.body(Self.list(number, size: number == 2 ? padding : 0), fields)
        }
        let change = { (settings: inout Settings) in
            folder.keep(&settings)
            // A quarter of it may wait for the disk, four at least.
            settings.cache.maxBytes = 16 << 20
        }
        let refresh: MessageFields = ["Cache-Control": "no-cache"]
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            #expect(try larder.get("/models").text.contains("version-1"))
            try eventually("it is written") { try folder.holds("version-1") }
            version.withValue { $0 = 2 }
            for _ in 0..<2 { #expect(try larder.get("/models", refresh).text.contains("version-2")) }
            #expect(upstream.origin.requests.last?.fields["If-None-Match"] == nil)
        }
        upstream.setDown(true)
        try LiveLarder.serving(before: upstream.origin, change) { larder throws in
            // The last one that is there, whole.
            #expect(try larder.get("/models").body == Self.list(1))
        }
        #expect(folder.names.allSatisfy { !$0.contains("damaged") }, "\(folder.names)")
    }
}
