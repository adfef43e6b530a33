import Commands
import Foundation
import TestSupport
import Testing

@testable import Daemon

/// `larder models`, as a shell sees it.
@Suite(.timeLimit(.minutes(300))) struct ModelsCommandTests {
    /// Runs `larder models` against a server that answers everything alike.
    private func models(
        _ arguments: [String], answered reply: OriginReply, environment: [String: String] = [:]
    ) throws -> (result: (ending: ChildProcess.Ending, output: String, error: String), origin: ScriptedOrigin) {
        let origin = try ScriptedOrigin { _ in reply }
        let result = try LarderProcess.run(["models", "--url", origin.url] + arguments, environment: environment)
        return (result, origin)
    }

    @Test func `the table of a running Larder is plain in a pipe`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        let address = "127.0.0.1:\(larder.port)"
        let table = try LarderProcess.run(["models", "--url", address], environment: ["TERM": "xterm"])
        #expect(table.ending == .exited(0) && table.error.isEmpty)
        let lines = table.output.split(separator: "\n")
        #expect(lines.first?.hasPrefix("MODEL ") == true)
        #expect(!table.output.contains("\u{1B}"))
        #expect(lines.last?.hasPrefix("\(lines.count - 2) models | ") == true, "\(table.output)")
        let limited = try LarderProcess.run(
            ["models", "--limit", "2"], environment: ["LARDER_URL": "http://\(address)"])
        #expect(limited.output.contains("2 of \(lines.count - 2) models"))
        try larder.end()
    }

    @Test func `every filter has a flag that goes into the query`() throws {
        let arguments = ModelFilter.all.flatMap { ["--\($0.flag)", "v"] }
        let (result, origin) = try models(arguments, answered: .json(#"{"data":[]}"#))
        #expect(result.ending == .exited(0), "\(result.error)")
        let parameters = try #require(origin.requests.first).query.split(separator: "&").map(String.init)
        #expect(parameters == ModelFilter.all.map { "\($0.parameter)=v" })
        #expect(origin.requests.first?.path == "/api/v1/models")
    }

    @Test func `what may be true or false is true where nothing is said`() throws {
        let (_, origin) = try models(["--zdr", "--distillable", "false"], answered: .json(#"{"data":[]}"#))
        #expect(Set(origin.requests[0].query.split(separator: "&")) == ["zdr=true", "distillable=false"])
        let (_, other) = try models(["--zdr", "--max-price", "1"], answered: .json(#"{"data":[]}"#))
        #expect(Set(other.requests[0].query.split(separator: "&")) == ["zdr=true", "max_price=1"])
    }

    @Test func `JSON has the rows byte for byte`() throws {
        let rows = [#"{"id":"a\/b", "x":1.0e0}"#, #"{"id":"\u00e9"}"#]
        let reply = OriginReply.json(#"{ "data" : [ \#(rows.joined(separator: " , ")) ] }"#)
        let (result, _) = try models(["--json"], answered: reply)
        #expect(result.output == "[\n\(rows[0]),\n\(rows[1])\n]")
    }

    @Test func `CSV has a line for each model`() throws {
        let (result, _) = try models(["--csv"], answered: .json(#"{"data":[{"id":"a/b","name":"x, y"}]}"#))
        #expect(result.output.hasSuffix("a/b,\"x, y\",,,,,,\r"))
    }

    @Test func `a refusal is shown as the server's own message`() throws {
        let reply = OriginReply.json(#"{"error":{"code":400,"message":"limit must be an integer"}}"#, status: 400)
        let (result, _) = try models(["--limit", "x"], answered: reply)
        #expect(result.ending == .exited(1) && result.output.isEmpty)
        #expect(result.error == "larder: limit must be an integer")
    }

    @Test func `a refused order is answered with the known orders`() throws {
        let reply = OriginReply.json(#"{"error":{"code":400,"message":"invalid sort"}}"#, status: 400)
        let (result, _) = try models(["--sort", "newst"], answered: reply)
        #expect(result.ending == .exited(1) && result.output.isEmpty)
        #expect(result.error.hasPrefix("larder: invalid sort; known values of --sort: newest, "), "\(result.error)")
        #expect(result.error.hasSuffix(", top-weekly"), "\(result.error)")
        let (known, _) = try models(["--sort", "newest"], answered: reply)
        #expect(known.error == "larder: invalid sort")
    }

    @Test(arguments: [OriginReply.status(500), .garbage(Array("hello".utf8)), .close, .json("{}"), .json("<html>")])
    func `an answer that is no list is one line and exit 1`(reply: OriginReply) throws {
        let (result, _) = try models([], answered: reply)
        #expect(result.ending == .exited(1) && result.output.isEmpty)
        #expect(result.error.hasPrefix("larder: ") && !result.error.contains("\n"), "\(result.error)")
    }

    @Test func `where no Larder runs, it says how to start one`() throws {
        let (reservation, port) = try TestSocket.bound()
        defer { reservation.close() }
        for url in ["http://127.0.0.1:\(port)", "unix:/nonexistent/larder.sock"] {
            let result = try LarderProcess.run(["models", "--url", url])
            #expect(result.ending == .exited(1) && !result.error.contains("\n"))
            #expect(result.error.contains(url) && result.error.contains("`larder serve`"), "\(result.error)")
        }
    }

    @Test func `a key is sent for its own list only, and comes from the environment`() throws {
        let key = ["OPENROUTER_API_KEY": "sk-or-v1-canary"]
        let (_, everybody) = try models([], answered: .json(#"{"data":[]}"#), environment: key)
        #expect(everybody.requests[0].fields["Authorization"] == nil)
        let (own, asked) = try models(["--user"], answered: .json(#"{"data":[]}"#), environment: key)
        #expect(asked.requests[0].path == "/api/v1/models/user")
        #expect(asked.requests[0].fields["Authorization"] == "Bearer sk-or-v1-canary")
        #expect(own.ending == .exited(0) && !own.output.contains("canary"))
        let (without, _) = try models(["--user"], answered: .json(#"{"data":[]}"#))
        #expect(without.ending == .exited(1) && without.error.contains("OPENROUTER_API_KEY"))
    }

    @Test(arguments: [
        ["--json", "--csv"], ["--watch", "--json"], ["--watch", "0"], ["--watch", "x"], ["--url", "ftp://x"],
        ["--min-pric", "1"],
    ])
    func `flags that make no sense are told, and nothing is asked`(arguments: [String]) throws {
        let result = try LarderProcess.run(["models"] + arguments)
        #expect(result.ending == .exited(64) && result.output.isEmpty)
        #expect(result.error.hasPrefix("larder: ") && !result.error.contains("\n"), "\(result.error)")
    }

    @Test func `a misspelled command or flag is answered with the nearest one`() throws {
        #expect(try LarderProcess.run(["modles"]).error.contains("'models'"))
        #expect(try LarderProcess.run(["models", "--min-pric", "1"]).error.contains("'--min-price'"))
    }
}
