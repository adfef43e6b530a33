import Foundation
import TestSupport
import Testing

/// The command line, as a shell sees it.
@Suite(.timeLimit(.minutes(300))) struct CommandTests {
    /// Runs `body` with a new directory.
    private func inDirectory(_ body: (String) throws -> Void) throws {
        let path = "/tmp/larder-tests-\(UInt64.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: path) }
        try body(path)
    }

    private func expectRefused(
        _ arguments: [String], _ environment: [String: String] = [:], naming words: [String]
    ) throws {
        let (ending, output, error) = try LarderProcess.run(arguments, environment: environment)
        #expect(ending == .exited(78))
        #expect(output.isEmpty)
        #expect(error.hasPrefix("larder: ") && !error.contains("\n"), "\(error)")
        for word in words { #expect(error.contains(word), "\(error)") }
    }

    @Test(arguments: ["serve", "check"])
    func `a bad setting is told in one line, with the nearest name`(command: String) throws {
        try expectRefused(
            [command], ["LARDER_TTL_CATALOGUE": "5m"], naming: ["LARDER_TTL_CATALOGUE", "LARDER_TTL_CATALOG?"])
        try expectRefused([command], ["LARDER_TTL_CATALOG": "soon"], naming: ["soon", "ttl.catalog"])
        try inDirectory { directory in
            let file = directory + "/larder.toml"
            try "[ttl]\ncatalouge = \"5m\"\n".write(toFile: file, atomically: true, encoding: .utf8)
            try expectRefused([command, "--config", file], naming: ["ttl.catalouge", "ttl.catalog`?", file])
            try "[ttl\n".write(toFile: file, atomically: true, encoding: .utf8)
            try expectRefused([command, "--config", file], naming: [file])
            try expectRefused([command, "--config", directory + "/none.toml"], naming: ["none.toml"])
        }
        try expectRefused(["serve", "--listen", "nowhere"], naming: ["nowhere", "listen"])
        try expectRefused(["serve", "--upstream", "ftp://host"], naming: ["ftp://host", "upstream.url"])
    }

    @Test func `an unknown flag is told, and nothing starts`() throws {
        let (ending, output, error) = try LarderProcess.run(["serve", "--demo", "--colour"])
        #expect(ending == .exited(64))
        #expect(output.isEmpty)
        #expect(error.contains("--colour"))
    }

    @Test func `a directory of state and none at all exclude each other`() throws {
        let (ending, output, error) = try LarderProcess.run(["serve", "--demo", "--no-state", "--state-dir", "/x"])
        #expect(ending == .exited(64) && output.isEmpty)
        #expect(error.contains("--state-dir and --no-state"))
    }

    @Test(arguments: ["--upstream", "--state-dir"])
    func `what a demo would pass over is refused`(flag: String) throws {
        let (ending, output, error) = try LarderProcess.run(["serve", "--demo", flag, "http://127.0.0.1:1"])
        #expect(ending == .exited(64) && output.isEmpty)
        #expect(error.hasPrefix("larder: --demo ") && error.contains("remove \(flag)"), "\(error)")
    }

    @Test func `a word that is no command is told, with the nearest one or where all are`() throws {
        for (word, hint) in [("modles", "Did you mean 'models'?"), ("version", "See 'larder --help'.")] {
            let (ending, output, error) = try LarderProcess.run([word])
            #expect(ending == .exited(64) && output.isEmpty)
            #expect(error == "larder: Unexpected argument '\(word)'. \(hint)")
        }
    }

    @Test func `without a home Larder serves, and says that nothing is kept`() throws {
        let origin = try ScriptedOrigin { _ in .json("{}") }
        let larder = try LarderProcess.serve(
            ["--upstream", origin.url], environment: ["HOME": "", "LARDER_STATE_ENABLED": "true"])
        _ = try larder.child.waitForLine(containing: "HOME is not set, so copies are kept in memory only")
        try larder.end()
    }

    @Test func `check prints the settings in effect and no secret`() throws {
        let environment = ["LARDER_TTL_CATALOG": "7m", "LARDER_UPSTREAM_PROXY": "http://user:hunter2@proxy:3128"]
        let (ending, output, error) = try LarderProcess.run(["check"], environment: environment)
        #expect(ending == .exited(0))
        #expect(error.isEmpty)
        #expect(output.contains("7m"))
        #expect(output.contains("proxy:3128") && !output.contains("hunter2"))
    }

    @Test func `where the commands find a Larder is no setting of the server`() throws {
        let (ending, _, error) = try LarderProcess.run(["check"], environment: ["LARDER_URL": "http://127.0.0.1:1"])
        #expect(ending == .exited(0) && error.isEmpty, "\(error)")
    }

    @Test func `healthcheck tells by its exit code whether Larder answers`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        let url = "http://127.0.0.1:\(larder.port)"
        #expect(try LarderProcess.run(["healthcheck", "--url", url]).ending == .exited(0))
        try larder.end()
        let (ending, _, error) = try LarderProcess.run(["healthcheck", "--url", url])
        #expect(ending == .exited(1))
        #expect(error.hasPrefix("larder: ") && !error.contains("\n"))
    }

    @Test func `the demo serves every route with no network`() throws {
        let larder = try LarderProcess.serve(["--demo"])
        #expect(try larder.get("/api/v1/models").text.hasPrefix(#"{"data":[{"id":"#))
        #expect(try larder.get("/models/count").text.hasPrefix(#"{"data":{"count":"#))
        #expect(try larder.get("/v1/models?sort=newest&limit=1").text.contains(#""next":"/api/v1/models?"#))
        #expect(try larder.get("/models/user").status == 401)
        #expect(try larder.get("/models/user", ["Authorization": "Bearer any"]).status == 200)
        #expect(try larder.get("/model/no/such").status == 404)
        try larder.end()
    }

    @Test func `a unix socket is served, and removed at the end`() throws {
        try inDirectory { directory in
            let path = directory + "/larder.sock"
            let larder = try LarderProcess.serve(
                ["--demo", "--listen", "unix:\(path)"], environment: ["LARDER_WORKERS": "2"])
            for _ in 0..<8 {
                let client = try RawClient(path: path)
                #expect(try client.get("/models/count").status == 200)
                client.close()
            }
            let (ending, _, error) = try LarderProcess.run(["serve", "--demo", "--listen", "unix:\(path)"])
            #expect(ending == .exited(1) && error.contains(path), "\(error)")
            #expect(FileManager.default.fileExists(atPath: path))
            try larder.end()
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func `a unix socket that a killed Larder left is taken over`() throws {
        try inDirectory { directory in
            let path = directory + "/larder.sock"
            let first = try LarderProcess.serve(["--demo", "--listen", "unix:\(path)"])
            first.child.signal(9)
            #expect(try first.child.waitForExit() == .signalled(9))
            let second = try LarderProcess.serve(["--demo", "--listen", "unix:\(path)"])
            #expect(try RawClient(path: path).get("/healthz").status == 200)
            try second.end()
        }
    }
}
