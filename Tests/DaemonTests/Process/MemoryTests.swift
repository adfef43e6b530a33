import Bytes
import Catalog
import CatalogJSON
import Daemon
import Foundation
import TestSupport
import Testing

/// What connections and bodies cost in memory.
@Suite(.timeLimit(.minutes(300)), .serialized) struct MemoryTests {
    private static let size = 64 << 20

    private static func report(_ what: String, _ bytes: Int) { print("memory: \(what): \(bytes >> 10) KiB") }

    @Test func `a large upload that upstream takes slowly is not kept`() throws {
        let origin = try ScriptedOrigin(readPause: .milliseconds(1)) { .json(#"{"bytes":\#($0.body.count)}"#) }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": "1"])
        #expect(try larder.get("/key").status == 200)
        let before = try larder.residentBytes()
        let client = try RawClient(port: larder.port, timeout: .hang)
        let answer = try client.request("POST", "/files", body: [UInt8](repeating: 7, count: Self.size))
        #expect(answer.text == #"{"bytes":\#(Self.size)}"#)
        let grown = try larder.mostResidentBytes() - before
        Self.report("64 MiB up", grown)
        #expect(grown < 16 << 20)
        try larder.end()
    }

    @Test func `a large download that the client takes slowly is not kept`() throws {
        let origin = try ScriptedOrigin { request in
            request.path.hasSuffix("/key")
                ? .json("{}") : .response(status: 200, fields: [:], body: .repeated(7, count: Self.size))
        }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": "1"])
        #expect(try larder.get("/key").status == 200)
        let before = try larder.residentBytes()
        let client = try RawClient(port: larder.port, receiveBuffer: 65536)
        try client.sendRequest("GET", "/files")
        #expect(try client.readHead().fields["Content-Length"] == "\(Self.size)")
        // Meanwhile all buffers on the way fill up.
        Thread.sleep(forTimeInterval: 0.5)
        var received = 0
        while received < Self.size { received += try client.readSome().count }
        #expect(received == Self.size)
        let grown = try larder.mostResidentBytes() - before
        Self.report("64 MiB down", grown)
        #expect(grown < 16 << 20)
        try larder.end()
    }

    @Test func `idle connections cost little`() throws {
        let origin = try ScriptedOrigin(Replies.wellBehaved)
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": "1"])
        #expect(try larder.get("/models/count").status == 200)
        let before = try larder.residentBytes()
        let clients = try (0..<512).map { _ in try RawClient(port: larder.port) }
        // Each has had its answer, so that all it will ever have is there.
        for client in clients { #expect(try client.get("/models/count").status == 200) }
        let grown = try larder.residentBytes() - before
        Self.report("512 idle connections", grown)
        #expect(grown < 8 << 20)
        for client in clients { client.close() }
        try larder.end()
    }

    @Test func `a further key's own list costs little, though hardly two of them are the same`() throws {
        // The catalogue's rows, in which every key sees the same forty otherwise, and one somewhere else.
        let list = RealLists.all.max { $0.body.count < $1.body.count }?.body ?? Self.madeUpList
        let snapshot = try CatalogReader.read(list.span)
        let rows = (0..<snapshot.count).map { snapshot.row($0).span.text() }
        let origin = try ScriptedOrigin { request in
            guard let number = request.key.flatMap({ Int($0) }) else { return Replies.body(list) }
            var own = rows.enumerated().map { $0 < 40 ? String($1.dropLast()) + #","own":true}"# : $1 }
            own.append(own.remove(at: number % rows.count))
            return Replies.body(Array("{\"data\":[\(own.joined(separator: ","))]}".utf8))
        }
        let larder = try LarderProcess.serve(
            before: origin, environment: ["LARDER_WORKERS": "1", "LARDER_TTL_USER": "1h"])
        let client = try RawClient(port: larder.port, timeout: .hang)
        #expect(try client.get("/models/count").status == 200)
        func ask(_ keys: Range<Int>) throws {
            for key in keys {
                let fields: MessageFields = ["Authorization": "Bearer \(key)"]
                #expect(try client.get("/models/user?limit=1", fields).status == 200)
            }
        }
        try ask(0..<50)
        let before = try larder.residentBytes()
        try ask(50..<250)
        let grown = try larder.residentBytes() - before
        Self.report("200 further keys", grown)
        // A list of its own would be a megabyte. This is with the answers, and with what the allocator makes of it all.
        #expect(grown < 200 * 12 << 10)
        client.close()
        try larder.end()
    }

    private static let madeUpList: [UInt8] = {
        let text = String(repeating: "x", count: 1_500)
        let rows = (0..<400).map {
            #"{"id":"a/\#($0)","text":"\#(text)","architecture":{"output_modalities":["text"]}}"#
        }
        return Array(#"{"data":[\#(rows.joined(separator: ","))]}"#.utf8)
    }()

    @Test func `a client that asks much and reads nothing costs no more than its answer`() throws {
        let origin = try ScriptedOrigin { _ in Replies.list((0..<50_000).map { "author/model-number-\($0)" }) }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": "1"])
        let whole = try larder.get("/models")
        #expect(whole.body.count > 2 << 20)
        #expect(try larder.get("/models").status == 200)
        let before = try larder.residentBytes()
        let client = try RawClient(port: larder.port, receiveBuffer: 4096)
        let request = "GET /models HTTP/1.1\r\nHost: localhost\r\n\r\n"
        try client.send(String(repeating: request, count: 64))
        Thread.sleep(forTimeInterval: 0.5)
        #expect(try larder.get("/models/count").status == 200)
        let grown = try larder.residentBytes() - before
        Self.report("64 requests of a client that does not read", grown)
        #expect(grown < 4 << 20)
        for _ in 0..<3 {
            let isSame = try client.readResponse().body == whole.body
            #expect(isSame)
        }
        client.close()
        try larder.end()
    }
}
