import Bytes
import Compression
import Fetching
import Foundation
import HTTPCore
import TestSupport
import Testing

/// What someone can read who has the engine: every command that it gets, and every value.
@Suite(.timeLimit(.minutes(300))) struct FleetSecrecyTests {
    private static let key = "sk-or-topsecret"
    private static let row = "private-row"

    /// Each key has a list of its own, of many rows, so that it is shared in a compressed form.
    private static func list(_ request: OriginRequest) -> OriginReply {
        guard request.path == "/api/v1/models/user" else { return Replies.wellBehaved(request) }
        return Replies.list((0..<100).map { "\(request.key ?? "none")/\(row)-\($0)" }, ["Cache-Control": "private"])
    }

    @Test func `no key, no hash of one, no private row and no secret can be read in the engine`() throws {
        let engine = try EngineServer()
        let monitor = try ChildProcess(EngineServer.client, ["-p", "\(engine.port)", "MONITOR"])
        try monitor.waitForLine(containing: "OK")
        let origin = try ScriptedOrigin(Self.list)
        var values: [UInt8] = []
        var lists: (own: [UInt8], common: [UInt8]) = ([], [])
        try SharingLarders.serving(2, before: origin, by: engine) { larders throws in
            for larder in larders.all {
                let answer = try larder.get("/models/user", key: Self.key)
                #expect(answer.status == 200 && answer.text.contains(Self.row))
                #expect(try larder.get("/models").status == 200)
            }
            for name in try engine.keys() { values += Array(name.utf8) + [10] + (try engine.value(name) ?? []) + [10] }
            // A key that upstream refuses, and a purge.
            #expect(try larders[0].purge("all=1").contains("\"confirmed\":2"))
        }
        #expect(origin.requests.count == 2)
        for request in origin.requests {
            guard case .response(_, _, .bytes(let body)) = Self.list(request) else { continue }
            let plain = SharedBytes(body)
            guard let compressed = ContentCoding.gzip.compress(plain.span) else { continue }
            let packed = compressed.span.copied()
            if request.path == "/api/v1/models/user" { lists.own = packed } else { lists.common = packed }
        }
        for name in try engine.keys() { values += Array(name.utf8) + [10] + (try engine.value(name) ?? []) + [10] }
        try engine.command("SET", "the-end", "1", "PX", "1000")
        try monitor.waitForLine(containing: "the-end")
        let lines = monitor.lines()
        #expect(lines.contains { $0.contains("\"EXEC\"") } && lines.contains { $0.contains("\"PUBLISH\"") })
        let traffic: [UInt8] = lines.flatMap { Self.unescaped($0) + [10] }

        let places = [("a value", values), ("a command", traffic)]
        for (name, place) in places {
            // What is public is found by the same search. A failure does not print the place.
            let (common, own) = (Self.part(of: lists.common), Self.part(of: lists.own))
            let (hasCommon, hasOwn) = (Self.contains(place, common), Self.contains(place, own))
            #expect(hasCommon, "\(name) has the public list")
            #expect(!hasOwn, "\(name) has a private list")
        }
        var needles: [[UInt8]] = [Self.row, "topsecret", SharingLarders.secret].map { Array($0.utf8) }
        for text in [Self.key, "Bearer \(Self.key)", SharingLarders.secret] { needles += try Self.forms(of: text) }
        #expect(needles.count == 3 + 3 * 17)
        for needle in needles {
            for (name, place) in places {
                let isFound = Self.contains(place, needle)
                #expect(!isFound, "\(name) has \(String(decoding: needle, as: UTF8.self))")
            }
        }
    }

    /// A text in Base64 and its usual digests, as bytes, in hexadecimal and in Base64.
    private static func forms(of text: String) throws -> [[UInt8]] {
        var forms = [Array(Data(text.utf8).base64EncodedString().prefix { $0 != "=" }.dropLast().utf8)]
        for name in ["md5", "sha1", "sha256", "sha512"] {
            let script = "printf %s \"$0\" | openssl dgst -\(name) -r"
            let output = try ChildProcess.run("/bin/sh", ["-c", script, text]).output
            let hex = Array(output.prefix { $0 != " " }.utf8)
            let digest = stride(from: 0, to: hex.count, by: 2).compactMap {
                UInt8(String(decoding: hex[$0..<$0 + 2], as: UTF8.self), radix: 16)
            }
            #expect(digest.count >= 16)
            // Sixteen bytes are enough to find a digest by.
            forms.append(Array(digest.prefix(16)))
            forms.append(Array(hex.prefix(16)))
            forms.append(Array(String(decoding: hex.prefix(16), as: UTF8.self).uppercased().utf8))
            forms.append(Array(Data(digest).base64EncodedString().prefix(16).utf8))
        }
        return forms
    }

    /// The longest part without quotation marks and backslashes, which not every engine's MONITOR escapes.
    private static func part(of list: [UInt8]) -> [UInt8] {
        let parts = list.split { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") }
        let longest = parts.max { $0.count < $1.count } ?? []
        #expect(longest.count > 40)
        // Its first bytes may belong to what looks like an escape.
        return Array(longest.dropFirst(4))
    }

    /// The bytes that a line of MONITOR stands for.
    private static func unescaped(_ line: String) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(line.utf8)[...]
        let names: [UInt8: UInt8] = [0x6e: 10, 0x72: 13, 0x74: 9, 0x61: 7, 0x62: 8]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let next = rest.popFirst() else {
                result.append(byte)
                continue
            }
            if next == UInt8(ascii: "x") {
                result.append(UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) ?? 0)
                rest = rest.dropFirst(2)
            } else {
                result.append(names[next] ?? next)
            }
        }
        return result
    }

    private static func contains(_ place: [UInt8], _ needle: [UInt8]) -> Bool {
        Data(place).range(of: Data(needle)) != nil
    }
}
