import Foundation
import TestSupport
import Testing

/// What callers who choose ever new queries, names and keys cost in memory.
@Suite(.timeLimit(.minutes(300)), .serialized) struct KeysMemoryTests {
    private static let maximumBytes = 8 << 20
    private static let count = 20_000
    private static let threads = 4

    /// A request of which there are never two alike. Each kind makes records of another sort: entries that all share and
    /// that one key has, refusals, facets, names that do not exist, names of several kilobytes.
    private static func request(_ number: Int) -> (target: String, fields: MessageFields) {
        let key: MessageFields = ["Authorization": "Bearer \(number)"]
        switch number % 8 {
        case 0: return ("/api/v1/models?use_rss=true&x=\(number)", [:])
        case 1: return ("/v1/models?q=\(number)", [:])
        case 2: return ("/models/user?limit=1", key)
        case 3: return ("/models/user", ["Authorization": "Bearer bad\(number)"])
        case 4: return ("/models?category=c\(number)", [:])
        case 5: return ("/model/nobody/has-\(number)", [:])
        case 6: return ("/endpoints/zdr?own=\(number)", key)
        default: return ("/providers?x=\(number)" + String(repeating: "y", count: number % 64 == 7 ? 7_000 : 7), [:])
        }
    }

    private static func answer(_ request: OriginRequest) -> OriginReply {
        if request.key?.hasPrefix("bad") == true { return Replies.error(401) }
        let body = Array(#"{"data":[],"filler":"\#(String(repeating: "z", count: 2_000))"}"#.utf8)
        switch request.path {
        case "/api/v1/models" where request.query.contains("use_rss"):
            return .response(
                status: 200, fields: ["Content-Type": "application/xml", "Cache-Control": "public"], body: .bytes(body))
        case "/api/v1/models": return Replies.list(["a/one", "a/two"])
        case "/api/v1/models/user": return Replies.list(["a/one", "own/\(request.key ?? "")"], [:])
        case "/api/v1/providers": return Replies.body(body)
        case "/api/v1/endpoints/zdr": return Replies.body(body, ["Cache-Control": "private"])
        default: return Replies.error(404)
        }
    }

    private static func status(_ number: Int) -> Int { [3: 401, 5: 404][number % 8] ?? 200 }

    private static func ask(_ larder: LarderProcess, _ numbers: Range<Int>) throws {
        let port = larder.port
        try concurrently(threads) { thread in
            let client = try RawClient(port: port, timeout: .hang)
            for number in numbers where number % threads == thread {
                let (target, fields) = request(number)
                let answer = try client.get(target, fields)
                if answer.status != status(number) { throw Unexpected(target: target, status: answer.status) }
            }
            client.close()
        }
    }

    private struct Unexpected: Error {
        let target: String
        let status: Int
    }

    private static func descriptors(_ larder: LarderProcess) throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/\(larder.child.id)/fd").count
    }

    @Test func `ever new queries, names and keys take no more memory than the cache may have`() throws {
        let state = FileManager.default.temporaryDirectory.appendingPathComponent("larder-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: state) }
        let origin = try ScriptedOrigin(Self.answer)
        let larder = try LarderProcess.serve(
            before: origin,
            environment: [
                "LARDER_WORKERS": "2", "LARDER_CACHE_MAX_BYTES": "\(Self.maximumBytes)B", "LARDER_LOG_ACCESS": "false",
                "LARDER_STATE_ENABLED": "true", "LARDER_STATE_DIR": state.path,
            ])
        // So that all is there that there is once: threads, buffers, the catalogue.
        try Self.ask(larder, 0..<400)
        let (base, descriptors) = (try larder.residentBytes(), try Self.descriptors(larder))
        try Self.ask(larder, 400..<Self.count / 2)
        let half = try larder.residentBytes()
        try Self.ask(larder, Self.count / 2..<Self.count)
        let end = try larder.residentBytes()
        for (what, bytes) in [("base", base), ("half of the keys", half), ("all keys", end)] {
            print("memory: \(what): \(bytes >> 10) KiB")
        }
        // The allocator rounds up, and holds pages of which it has given out a part; the names of what lies on disk, what waits
        // to be written there, and SQLite's own pages come on top. Kept for good, the answers alone would be 50 MiB.
        #expect(end - base < 3 * Self.maximumBytes)
        // What grows with the keys has had its growth when the cache is full.
        #expect(end - half < Self.maximumBytes)

        #expect(try Self.countedBytes(larder) <= Self.maximumBytes)
        try eventually("the descriptors of connections are closed") { try Self.descriptors(larder) <= descriptors + 4 }
        let client = try RawClient(port: larder.port)
        #expect(try client.get("/models/count").status == 200)
        #expect(try client.get("/models/count").isHit)
        client.close()
        try larder.end()
    }

    /// What the cache counts as kept.
    private static func countedBytes(_ larder: LarderProcess) throws -> Int {
        let metrics = try larder.get("/metrics").text
        let kept = metrics.split(separator: "\n").first { $0.hasPrefix("larder_cache_bytes ") }
        return Int(try #require(kept?.split(separator: " ").last.flatMap { Double($0) }))
    }

    @Test func `small entries count for what they cost`() throws {
        let origin = try ScriptedOrigin { request in
            request.key == nil ? Replies.catalogue() : Replies.error(401, "No cookie auth credentials found")
        }
        let larder = try LarderProcess.serve(
            before: origin,
            environment: [
                "LARDER_WORKERS": "1", "LARDER_CACHE_MAX_BYTES": "64MiB", "LARDER_LOG_ACCESS": "false",
            ])
        #expect(try larder.get("/models/count").status == 200)
        let client = try RawClient(port: larder.port, timeout: .hang)
        func ask(_ keys: Range<Int>) throws {
            for key in keys {
                let fields: MessageFields = ["Authorization": "Bearer bad\(key)"]
                #expect(try client.get("/models/user", fields).status == 401)
                #expect(try client.get("/models/user", fields).status == 401)
            }
        }
        try ask(0..<1_000)
        // What is resident includes what the allocator holds and has not given out, in an arena for each thread that makes
        // entries. Which thread makes them, and when an arena grows, is chance, and differs by megabytes. But an arena
        // that has grown has room for later entries, while entries that cost more than they count do so in each round.
        var rounds: [(resident: Int, counted: Int)] = []
        for first in stride(from: 1_000, to: 10_000, by: 3_000) {
            let before = (resident: try larder.residentBytes(), counted: try Self.countedBytes(larder))
            try ask(first..<first + 3_000)
            let resident = try larder.residentBytes() - before.resident
            rounds.append((resident, try Self.countedBytes(larder) - before.counted))
        }
        client.close()
        for (resident, counted) in rounds {
            print("memory: 3000 refused keys: \(resident >> 10) KiB, counted \(counted >> 10) KiB")
            // Nothing was evicted, so these are the counts of all 3000.
            #expect(counted > 3_000 * 1_000)
        }
        // Rounding by the allocator is a quarter. Entries whose tables and names are not counted cost twice their count.
        #expect(rounds.contains { $0.resident < $0.counted + $0.counted / 2 })
        try larder.end()
    }
}
