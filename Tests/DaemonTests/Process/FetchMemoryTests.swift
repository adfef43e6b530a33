import Bytes
import Compression
import Foundation
import TestSupport
import Testing

/// What fetches under way cost in memory.
@Suite(.timeLimit(.minutes(300)), .serialized) struct FetchMemoryTests {
    private static let count = 800
    private static let cacheBytes = 64 << 20

    /// A list of the size of the real catalogue.
    private static let list: [UInt8] = {
        let rows = (0..<400).map { number in
            let text = (0..<150).map { "word\($0 * number % 997)" }.joined(separator: " ")
            return #"{"id":"a/\#(number)","text":"\#(text)","architecture":{"output_modalities":["text"]}}"#
        }
        return Array(#"{"data":[\#(rows.joined(separator: ","))]}"#.utf8)
    }()

    private static let coded: [UInt8] = {
        let stream = Gzip.compress(list.span)
        return stream.map { $0.span.copied() } ?? []
    }()

    @Test(arguments: [false, true])
    func `hundreds of fetches at once take no more memory than the cache may have, and give it back`(
        isCoded: Bool
    ) throws {
        let gate = OriginGate()
        let asked = Monitor(0)
        let origin = try ScriptedOrigin { request in
            asked.withValue { $0 += 1 }
            var fields = Replies.shared
            fields["Content-Type"] = "application/json"
            if isCoded { fields["Content-Encoding"] = "gzip" }
            let reply = OriginReply.response(
                status: 200, fields: fields, body: .bytes(isCoded ? Self.coded : Self.list))
            return request.query.contains("x=") ? .held(gate, reply) : reply
        }
        let larder = try LarderProcess.serve(
            before: origin,
            environment: [
                "LARDER_WORKERS": "2", "LARDER_CACHE_MAX_BYTES": "\(Self.cacheBytes)B", "LARDER_LOG_ACCESS": "false",
                "LARDER_UPSTREAM_TIMEOUT": "600s",
            ])
        #expect(try larder.get("/models/count").status == 200)
        let clients = try (0..<Self.count).map { number in
            let client = try RawClient(port: larder.port, timeout: .seconds(600))
            // Nobody knows the parameter, so each value is a fetch of its own. Opaque bodies are kept whole; no body is sent, as
            // it would be held for as long as the client does not read it.
            if number % 2 == 0 {
                try client.sendRequest("GET", "/models?x=\(number)&limit=1")
            } else {
                try client.sendRequest("HEAD", "/providers?x=\(number)")
            }
            return client
        }
        // Some are under way, the others wait for memory.
        try origin.waitForRequests(20)
        gate.open()
        var statuses: [Int: Int] = [:]
        for client in clients {
            statuses[try client.readHead().status, default: 0] += 1
            client.close()
        }
        #expect(statuses == [200: Self.count])
        let most = try larder.mostResidentBytes()
        print("memory: \(Self.count) fetches, coded \(isCoded): at most \(most >> 20) MiB, \(asked.current) requests")
        #expect(most < Self.cacheBytes + 64 << 20)
        let bound = Self.cacheBytes + 32 << 20
        try eventually("what the fetches took is given back") { try larder.residentBytes() < bound }
        print("memory: afterwards \(try larder.residentBytes() >> 20) MiB")
        // A few were begun anew, when it was seen how large the bodies are.
        #expect(asked.current < Self.count * 5 / 4)
        #expect(try larder.get("/models/count").isHit)
        try larder.end()
    }

    /// A page of a list of 80 models, of 20 pages in all.
    private static let pages: [[UInt8]] = (0..<20).map { page in
        let rows = (0..<80).map { number in
            let text = (0..<250).map { "word\($0 * (page * 80 + number) % 997)" }.joined(separator: " ")
            return #"{"id":"p/\#(page)-\#(number)","text":"\#(text)","architecture":{"output_modalities":["text"]}}"#
        }
        return Array(#"{"data":[\#(rows.joined(separator: ","))],"total_count":1600}"#.utf8)
    }

    @Test func `lists in pages take no more memory than the cache may have`() throws {
        let count = 120
        let origin = try ScriptedOrigin { request in
            guard request.query.contains("x=") else { return Replies.body(Self.list) }
            let offset = request.query.split(separator: "&").last { $0.hasPrefix("offset=") }
            let page = (offset.flatMap { Int($0.dropFirst(7)) } ?? 0) / 80
            return Replies.body(Self.pages[page])
        }
        let larder = try LarderProcess.serve(
            before: origin,
            environment: [
                "LARDER_WORKERS": "2", "LARDER_CACHE_MAX_BYTES": "\(Self.cacheBytes)B", "LARDER_LOG_ACCESS": "false",
                "LARDER_UPSTREAM_TIMEOUT": "600s",
            ])
        #expect(try larder.get("/models/count").status == 200)
        let clients = try (0..<count).map { number in
            let client = try RawClient(port: larder.port, timeout: .seconds(600))
            try client.sendRequest("GET", "/models?x=\(number)&limit=1")
            return client
        }
        var statuses: [Int: Int] = [:]
        for client in clients {
            statuses[try client.readResponse().status, default: 0] += 1
            client.close()
        }
        #expect(statuses == [200: count])
        let most = try larder.mostResidentBytes()
        print("memory: \(count) lists in pages: at most \(most >> 20) MiB, \(origin.requests.count) requests")
        #expect(most < Self.cacheBytes + 64 << 20)
        // Some were begun anew, when it was seen how large the lists are.
        #expect(origin.requests.count < count * 20 * 3 / 2)
        try larder.end()
    }

    /// What callers ask for at once after a restart: a copy for everyone with keys of their own, or a copy each.
    enum Reads: CaseIterable {
        case oneCopy, manyCopies

        func request(_ number: Int) -> (target: String, fields: MessageFields) {
            switch self {
            case .oneCopy: ("/providers", ["Authorization": "Bearer key\(number)"])
            case .manyCopies: ("/providers?x=\(number)", [:])
            }
        }
    }

    @Test(arguments: Reads.allCases)
    func `hundreds of copies from the disk at once take no more memory than the cache may have`(reads: Reads) throws {
        let (folder, count) = (StateFolder(), 600)
        let upstream = try UpAndDown { _ in Replies.body(Self.list) }
        let environment = [
            "LARDER_WORKERS": "2", "LARDER_CACHE_MAX_BYTES": "\(Self.cacheBytes)B", "LARDER_LOG_ACCESS": "false",
            "LARDER_STATE_ENABLED": "true",
        ]
        let first = try LarderProcess.serve(before: upstream, in: folder, environment: environment)
        let client = try RawClient(port: first.port)
        for number in 0..<(reads == .oneCopy ? 1 : count) {
            let (target, fields) = reads.request(number)
            try client.sendRequest("HEAD", target, fields)
            #expect(try client.readResponse(to: "HEAD").status == 200)
        }
        client.close()
        try first.end()
        upstream.setDown(true)
        let larder = try LarderProcess.serve(before: upstream, in: folder, environment: environment)
        let clients = try (0..<count).map { number in
            let client = try RawClient(port: larder.port, timeout: .seconds(600))
            let (target, fields) = reads.request(number)
            try client.sendRequest("HEAD", target, fields)
            return client
        }
        var statuses: [Int: Int] = [:]
        for client in clients {
            statuses[try client.readHead().status, default: 0] += 1
            client.close()
        }
        // A disk that is slow may not have been given all of them.
        #expect(statuses[200] ?? 0 > count / 2, "\(statuses)")
        if reads == .oneCopy { #expect(statuses == [200: count]) }
        let most = try larder.mostResidentBytes()
        print("memory: \(count) reads of the disk, \(reads): at most \(most >> 20) MiB, \(statuses)")
        #expect(most < Self.cacheBytes + 64 << 20)
        try larder.end()
    }

    @Test func `a fetch that waits for memory is refused in time, and the catalogue does not wait`() throws {
        let origin = try ScriptedOrigin { request in
            request.query.contains("x=") ? .hang : Replies.catalogue()
        }
        let larder = try LarderProcess.serve(
            before: origin,
            environment: [
                // A slow machine needs a part of it to send them all.
                "LARDER_WORKERS": "1", "LARDER_CACHE_MAX_BYTES": "16MiB", "LARDER_UPSTREAM_TIMEOUT": "10s",
                "LARDER_LOG_ACCESS": "false",
            ])
        let clients = try (0..<40).map { number in
            let client = try RawClient(port: larder.port, timeout: .hang)
            try client.sendRequest("GET", "/providers?x=\(number)")
            return client
        }
        try origin.waitForRequests(16)
        #expect(try larder.get("/models/count").status == 200)
        let answers = try clients.map { try $0.readResponse() }
        let busy = answers.filter { $0.status == 503 }
        #expect(answers.count { $0.status == 504 } >= 16)
        #expect(busy.count > 0)
        #expect(busy.count + answers.count { $0.status == 504 } == 40)
        #expect(busy.allSatisfy { $0.cacheStatus.hasSuffix("detail=busy") && $0.fields["Retry-After"] == "1" })
        for client in clients { client.close() }
        try larder.end()
    }
}
