import Foundation
import TestSupport
import Testing

/// What connections and bodies cost in memory.
@Suite(.timeLimit(.minutes(10)), .serialized) struct MemoryTests {
    private static let size = 64 << 20

    private static func report(_ what: String, _ bytes: Int) { print("memory: \(what): \(bytes >> 10) KiB") }

    @Test func `a large upload that upstream takes slowly is not kept`() throws {
        let origin = try ScriptedOrigin(readPause: .milliseconds(1)) { .json(#"{"bytes":\#($0.body.count)}"#) }
        let larder = try LarderProcess.serve(before: origin, environment: ["LARDER_WORKERS": "1"])
        #expect(try larder.get("/key").status == 200)
        let before = try larder.residentBytes()
        let client = try RawClient(port: larder.port, timeout: .seconds(60))
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
